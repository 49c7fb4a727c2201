import Balancing
import Snapshots

/// Servers come and go at random, and a Maglev table is built after each change: how even the shares
/// are, and how many entries change that need not.
///
/// The paper (Eisenbud et al., NSDI 2016): each server takes turns, so that shares differ by one entry
/// (section 3.4); with a table of at least 100 entries a server few entries more than the server's
/// own change (section 5.3).
public struct MaglevTrial: Sendable {
  /// Of the tables that the appliance builds for maglev.
  public static let standardSize = MaglevTable.standardSize

  public private(set) var changes = 0
  /// The greatest difference of two servers' entries.
  public private(set) var greatestShareError = 0
  /// Entries that changed and were neither a leaving server's before nor a coming one's after, as
  /// parts of the table: the mean and the greatest.
  public var meanDisruption: Double { changes == 0 ? 0 : disruptions / Double(changes) }
  public private(set) var greatestDisruption = 0.0
  private var disruptions = 0.0

  /// - Parameters:
  ///   - size: of the table; prime, and at least 100 times `servers.upperBound`
  ///   - servers: how many there may be at a time
  public static func run(
    changes: Int, size: Int, servers: ClosedRange<Int>, seed: UInt64
  ) -> MaglevTrial {
    var trial = MaglevTrial()
    var random = Workload(seed: seed)
    var names = (0..<servers.lowerBound).map { "server\($0)" }
    var made = names.count
    var table = build(names, size)
    while trial.changes < changes {
      let old = (names, table)
      let comes =
        names.count == servers.lowerBound
        || (names.count < servers.upperBound && random.next() % 2 == 0)
      let changed: String
      if comes {
        changed = "server\(made)"
        made += 1
        names.append(changed)
      } else {
        changed = names.remove(at: Int(random.next() % UInt64(names.count)))
      }
      table = build(names, size)
      trial.compare(old, (names, table), changed)
    }
    return trial
  }

  private static func build(_ names: [String], _ size: Int) -> [UInt16] {
    MaglevTable.build(
      names: names, weights: Array(repeating: 1, count: names.count), size: size)
  }

  private mutating func compare(
    _ old: (names: [String], table: [UInt16]), _ new: (names: [String], table: [UInt16]),
    _ changed: String
  ) {
    // Of an old server its index now, or a number that is nobody's.
    let indices = Dictionary(uniqueKeysWithValues: new.names.enumerated().map { ($1, $0) })
    let translated = old.names.map { $0 == changed ? -1 : indices[$0] ?? -1 }
    let coming = indices[changed] ?? -2
    var moved = 0
    var shares = Array(repeating: 0, count: new.names.count)
    for (before, after) in zip(old.table, new.table) {
      let previous = translated[Int(before)]
      shares[Int(after)] += 1
      if previous != -1, Int(after) != coming, previous != Int(after) { moved += 1 }
    }
    changes += 1
    let part = Double(moved) / Double(new.table.count)
    disruptions += part
    greatestDisruption = max(greatestDisruption, part)
    let error = (shares.max() ?? 0) - (shares.min() ?? 0)
    greatestShareError = max(greatestShareError, error)
  }
}
