import Balancing
import Snapshots

/// Servers come and go in random sequences, each published as one change, as a reload is: how even the
/// shares of Maglev's tables are, and how many entries change that need not.
///
/// The paper (Eisenbud et al., NSDI 2016): each server takes turns, so that shares differ by one entry,
/// and with a table of more than 100 entries a server by at most 1 % (section 3.4); with such tables
/// few entries more than the changed servers' own move (section 5.3).
public struct MaglevTrial: Sendable {
  /// Of the tables that the appliance builds for maglev.
  public static let standardSize = MaglevTable.standardSize

  public private(set) var sequences = 0
  /// Servers that came or went.
  public private(set) var changes = 0
  /// The greatest difference of two servers' entries.
  public private(set) var greatestShareError = 0
  /// The greatest difference of two servers' entries as a part of the mean of all.
  public private(set) var greatestShareDifference = 0.0
  /// Entries that changed and were neither a leaving server's before nor a coming one's after, as
  /// parts of the table: the mean and the greatest.
  public var meanDisruption: Double { sequences == 0 ? 0 : disruptions / Double(sequences) }
  public private(set) var greatestDisruption = 0.0
  private var disruptions = 0.0

  /// - Parameters:
  ///   - sequences: how often the table is changed
  ///   - lengths: of a sequence, in servers that come or go
  ///   - size: of the table; prime, and more than 100 times `servers.upperBound`
  ///   - servers: how many there may be at a time
  public static func run(
    sequences: Int, lengths: ClosedRange<Int>, size: Int, servers: ClosedRange<Int>, seed: UInt64
  ) -> MaglevTrial {
    var trial = MaglevTrial()
    var random = Workload(seed: seed)
    func draw(below bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
    var names = (0..<servers.lowerBound).map { "server\($0)" }
    var made = names.count
    var table = build(names, size)
    while trial.sequences < sequences {
      let old = (names, table)
      for _ in 0..<lengths.lowerBound + draw(below: lengths.count) {
        let comes =
          names.count == servers.lowerBound
          || (names.count < servers.upperBound && draw(below: 2) == 0)
        if comes {
          names.append("server\(made)")
          made += 1
        } else {
          names.remove(at: draw(below: names.count))
        }
        trial.changes += 1
      }
      table = build(names, size)
      trial.compare(old, (names, table))
    }
    return trial
  }

  private static func build(_ names: [String], _ size: Int) -> [UInt16] {
    MaglevTable.build(
      names: names, weights: Array(repeating: 1, count: names.count), size: size)
  }

  private mutating func compare(
    _ old: (names: [String], table: [UInt16]), _ new: (names: [String], table: [UInt16])
  ) {
    let indices = Dictionary(uniqueKeysWithValues: new.names.enumerated().map { ($1, $0) })
    // Of an old server its index now, if it has one.
    let stayed = old.names.map { indices[$0] }
    let were = Set(old.names)
    let isNew = new.names.map { !were.contains($0) }
    var moved = 0
    var shares = Array(repeating: 0, count: new.names.count)
    for (before, after) in zip(old.table, new.table) {
      shares[Int(after)] += 1
      guard let previous = stayed[Int(before)], !isNew[Int(after)] else { continue }
      if previous != Int(after) { moved += 1 }
    }
    sequences += 1
    let part = Double(moved) / Double(new.table.count)
    disruptions += part
    greatestDisruption = max(greatestDisruption, part)
    let error = (shares.max() ?? 0) - (shares.min() ?? 0)
    greatestShareError = max(greatestShareError, error)
    let mean = Double(new.table.count) / Double(new.names.count)
    greatestShareDifference = max(greatestShareDifference, Double(error) / mean)
  }
}
