import Balancing

/// Maglev tables that were built, by what they were built from.
struct MaglevCache: Sendable {
  struct Key: Hashable, Sendable {
    var names: [String]
    var weights: [UInt32]
    var size: Int
  }

  struct Table: Sendable {
    var entries: [UInt16]
    /// The snapshot, in order of making, that held it last.
    var lastUsed: Int
  }

  /// A table that no snapshot held for so many is forgotten: health that goes up and down finds its
  /// tables again.
  static let keptSnapshots = 8

  fileprivate(set) var tables: [Key: Table] = [:]
  fileprivate(set) var built = 0
  fileprivate var snapshot = 0

  /// Begins the tables of one snapshot.
  func begin() -> MaglevWriter { MaglevWriter(cache: self) }
}

/// Lays out the tables of one snapshot, each of them once.
struct MaglevWriter {
  private var cache: MaglevCache
  private var offsets: [MaglevCache.Key: UInt32] = [:]
  private(set) var entries: [UInt16] = []

  fileprivate init(cache: MaglevCache) {
    self.cache = cache
    self.cache.snapshot += 1
  }

  /// Where the table of some servers lies among the entries.
  ///
  /// - Parameter weights: 0 for a server that takes no new session
  mutating func table(
    names: [String], weights: [UInt32], isMaglev: Bool
  ) -> (offset: UInt32, size: UInt32) {
    var key = MaglevCache.Key(names: names, weights: weights, size: MaglevTable.standardSize)
    if !weights.contains(where: { $0 > 0 }) {
      // Its entries all say "no server", so that the least table does.
      key = MaglevCache.Key(names: [], weights: [], size: MaglevTable.fallbackSize(servers: 1))
    } else if !isMaglev {
      key.size = MaglevTable.fallbackSize(servers: names.count)
    }
    if let offset = offsets[key] { return (offset, UInt32(key.size)) }
    let offset = UInt32(entries.count)
    entries += cache.entries(of: key)
    offsets[key] = offset
    return (offset, UInt32(key.size))
  }

  /// The cache, without what has long not been used.
  consuming func finish() -> MaglevCache {
    let oldest = cache.snapshot - MaglevCache.keptSnapshots
    if cache.tables.contains(where: { $0.value.lastUsed <= oldest }) {
      cache.tables = cache.tables.filter { $0.value.lastUsed > oldest }
    }
    return cache
  }
}

extension MaglevCache {
  fileprivate mutating func entries(of key: Key) -> [UInt16] {
    if let index = tables.index(forKey: key) {
      tables.values[index].lastUsed = snapshot
      return tables.values[index].entries
    }
    let entries = MaglevTable.build(names: key.names, weights: key.weights, size: key.size)
    built += 1
    tables[key] = Table(entries: entries, lastUsed: snapshot)
    return entries
  }
}
