import Snapshots

/// Consistent hashing after Maglev (Eisenbud et al., NSDI 2016, section 3.4).
///
/// The manager builds the tables; the workers only read them (`Scheduler`).
public enum MaglevTable {
  /// Entries of a service whose algorithm is maglev. Prime, and 2^16 + 1.
  public static let standardSize = 65_537

  /// Entries of a service of another algorithm, where only SYNs without state use the table: the
  /// least prime that is at least 100 times the servers, and `standardSize` at most.
  public static func fallbackSize(servers: Int) -> Int {
    guard servers < standardSize / 100 else { return standardSize }
    var size = max(servers, 1) * 100 + 1
    while !isPrime(size) { size += 2 }
    return size
  }

  /// Fills a table by the paper's population, with weighted turns.
  ///
  /// Each server walks its own permutation of the entries, which only its name decides, and takes
  /// the next free entry whenever it is its turn. In each round a server gains its weight, and has a
  /// turn for each whole greatest weight that it has gained. Servers go in the order of their names'
  /// hashes, so that the order of configuration does not matter: equal sets of names and weights
  /// give tables that name the same servers.
  ///
  /// - Parameters:
  ///   - names: of the servers of one service, each once; fewer than `ServiceRecord.noServer`
  ///   - weights: one for each name; a server of weight 0 is left out
  ///   - size: of the table; prime
  /// - Returns: `size` indices into `names`; `ServiceRecord.noServer` throughout if no server has a
  ///   weight
  public static func build(names: [String], weights: [UInt32], size: Int) -> [UInt16] {
    precondition(names.count == weights.count, "a weight for each name")
    precondition(names.count < Int(ServiceRecord.noServer), "too many servers for 16-bit entries")
    precondition(size <= Int(UInt32.max >> 1) && isPrime(size), "the size must be prime")
    return populate(turns(names, weights, UInt32(size)), size: size)
  }

  /// A server on its walk over the table: `position`, and on by `skip`.
  struct Turn {
    var hash: UInt64 = 0
    var gained: UInt64 = 0
    var weight: UInt32 = 1
    var position: UInt32
    var skip: UInt32
    var server: UInt16
  }

  /// Fills a table by turns in the order given.
  static func populate(_ turns: [Turn], size: Int) -> [UInt16] {
    [UInt16](unsafeUninitializedCapacity: size) { table, filled in
      table.initialize(repeating: ServiceRecord.noServer)
      filled = size
      var turns = turns
      guard let greatest = turns.map(\.weight).max(), let entries = table.baseAddress else {
        return
      }
      turns.withUnsafeMutableBufferPointer { fill(entries, UInt32(size), $0, UInt64(greatest)) }
    }
  }

  private static func turns(_ names: [String], _ weights: [UInt32], _ size: UInt32) -> [Turn] {
    var turns: [Turn] = []
    turns.reserveCapacity(names.count)
    for (index, name) in names.enumerated() where weights[index] > 0 {
      let hash = StableHash.mix(StableHash.fnv1a(name))
      let second = StableHash.mix(hash &+ 0x9e37_79b9_7f4a_7c15)
      turns.append(
        Turn(
          hash: hash, weight: weights[index], position: UInt32(hash % UInt64(size)),
          skip: UInt32(second % UInt64(size - 1)) + 1, server: UInt16(index)))
    }
    return turns.sorted { one, other in
      if one.hash != other.hash { return one.hash < other.hash }
      return names[Int(one.server)] < names[Int(other.server)]
    }
  }

  private static func fill(
    _ table: UnsafeMutablePointer<UInt16>, _ size: UInt32,
    _ turns: UnsafeMutableBufferPointer<Turn>, _ greatest: UInt64
  ) {
    var free = size
    while true {
      var index = 0
      while index < turns.count {
        var gained = turns[index].gained &+ UInt64(turns[index].weight)
        if gained >= greatest {
          gained &-= greatest
          let skip = turns[index].skip
          var position = turns[index].position
          while table[Int(position)] != ServiceRecord.noServer {
            position = advance(position, skip, size)
          }
          table[Int(position)] = turns[index].server
          free &-= 1
          if free == 0 { return }
          turns[index].position = advance(position, skip, size)
        }
        turns[index].gained = gained
        index &+= 1
      }
    }
  }

  @inline(__always)
  private static func advance(_ position: UInt32, _ skip: UInt32, _ size: UInt32) -> UInt32 {
    let next = position &+ skip
    return next >= size ? next &- size : next
  }

  private static func isPrime(_ number: Int) -> Bool {
    guard number > 3 else { return number > 1 }
    guard number % 2 != 0 else { return false }
    var divisor = 3
    while divisor * divisor <= number {
      if number % divisor == 0 { return false }
      divisor += 2
    }
    return true
  }
}
