import Snapshots
import Testing

@testable import Balancing

@Suite struct MaglevTableTests {
  static let size = MaglevTable.standardSize

  private func names(_ count: Int) -> [String] { (0..<count).map { "web/server-\($0)" } }

  private func counts(_ table: [UInt16], _ servers: Int) -> [Int] {
    shares(table.count, of: servers) { table[$0] == ServiceRecord.noServer ? nil : Int(table[$0]) }
  }

  /// Table 1 of the paper: permutations (offset, skip) of 3, 4; 0, 2; 3, 1 over 7 entries, before and
  /// after B1 leaves.
  @Test func populationIsThePapers() {
    let first = MaglevTable.Turn(position: 3, skip: 4, server: 0)
    let second = MaglevTable.Turn(position: 0, skip: 2, server: 1)
    let third = MaglevTable.Turn(position: 3, skip: 1, server: 2)
    #expect(
      MaglevTable.populate([first, second, third], size: 7) == [1, 0, 1, 0, 2, 2, 0])
    #expect(MaglevTable.populate([first, third], size: 7) == [0, 0, 0, 0, 2, 2, 2])
  }

  /// Computed by a Python model of the description above `build`. A change of these values moves
  /// sessions of running services at an upgrade.
  @Test func tablesNeverChange() {
    let three = ["web1", "web2", "web3"]
    #expect(
      MaglevTable.build(names: three, weights: [1, 1, 1], size: 23) == [
        0, 2, 0, 1, 2, 1, 0, 0, 2, 2, 0, 1, 0, 1, 1, 2, 2, 2, 0, 0, 2, 1, 1,
      ])
    #expect(
      MaglevTable.build(names: three, weights: [1, 2, 4], size: 23) == [
        0, 2, 2, 1, 2, 1, 2, 0, 2, 2, 2, 2, 0, 2, 1, 2, 2, 2, 2, 1, 2, 1, 1,
      ])
    let five = MaglevTable.build(
      names: (0..<5).map { "cache-\($0)" }, weights: [3, 0, 1, 2, 7], size: Self.size)
    #expect(counts(five, 5) == [15_124, 0, 5_041, 10_082, 35_290])
    #expect(five.reduce(0 as UInt64) { $0 &* 31 &+ UInt64($1) } == 0x5a02_0621_7052_c6f6)
  }

  /// In turn, each server takes one entry: no two differ by more than one.
  @Test(arguments: [1, 2, 3, 32, 1000]) func equalWeightsGiveEqualShares(_ servers: Int) {
    let table = MaglevTable.build(
      names: names(servers), weights: Array(repeating: 5, count: servers), size: Self.size)
    let counts = counts(table, servers)
    #expect(counts.reduce(0, +) == Self.size)
    #expect(counts.max()! - counts.min()! <= 1)
  }

  @Test(arguments: [[1, 2, 4], [1, 0, 99], [10, 20, 30, 40], [1, 1, 1, 65_000]] as [[UInt32]])
  func sharesFollowWeights(_ weights: [UInt32]) {
    let table = MaglevTable.build(
      names: names(weights.count), weights: weights, size: Self.size)
    let sum = weights.reduce(0, +)
    for (count, weight) in zip(counts(table, weights.count), weights) {
      let share = Double(Self.size) * Double(weight) / Double(sum)
      #expect(abs(Double(count) - share) <= max(1.5, share * 0.01))
    }
  }

  @Test func multipliedWeightsGiveTheSameTable() {
    let few = MaglevTable.build(names: names(4), weights: [1, 2, 3, 4], size: 4001)
    let many = MaglevTable.build(
      names: names(4), weights: [1 << 28, 2 << 28, 3 << 28, 4 << 28], size: 4001)
    #expect(few == many)
  }

  @Test func orderOfConfigurationDoesNotMatter() {
    let names = names(32)
    let weights = (0..<32).map { UInt32($0 % 5) }
    let table = MaglevTable.build(names: names, weights: weights, size: Self.size)
    var numbers = Numbers(state: 7)
    for _ in 0..<3 {
      let order = Array(0..<32).shuffled(using: &numbers)
      let shuffled = MaglevTable.build(
        names: order.map { names[$0] }, weights: order.map { weights[$0] }, size: Self.size)
      #expect(shuffled.map { order[Int($0)] } == table.map { Int($0) })
    }
  }

  @Test func aWeightlessServerIsAsGoodAsAbsent() {
    let with = MaglevTable.build(names: ["a", "b", "c"], weights: [1, 0, 1], size: 503)
    let without = MaglevTable.build(names: ["a", "c"], weights: [1, 1], size: 503)
    #expect(with == without.map { $0 * 2 })
  }

  @Test func withoutServersEveryEntryIsEmpty() {
    let empty = Array(repeating: ServiceRecord.noServer, count: 101)
    #expect(MaglevTable.build(names: [], weights: [], size: 101) == empty)
    #expect(MaglevTable.build(names: ["a", "b"], weights: [0, 0], size: 101) == empty)
  }

  @Test func moreServersThanEntriesFillTheTableOnce() {
    let table = MaglevTable.build(
      names: names(200), weights: Array(repeating: 1, count: 200), size: 101)
    #expect(Set(table).count == 101)
    #expect(!table.contains(ServiceRecord.noServer))
  }

  /// When one of n servers leaves, its 1/n of the entries must move. The paper (section 5.3) sees a
  /// few others move as well, fewer the larger the table is over the servers. Modulo hashing would
  /// move all but 1/n.
  @Test(arguments: [3, 10, 32]) func aServerThatLeavesOrComesMovesLittleElse(_ servers: Int) {
    let names = names(servers)
    var weights = Array(repeating: 1 as UInt32, count: servers)
    let all = MaglevTable.build(names: names, weights: weights, size: Self.size)
    weights[servers / 2] = 0
    let fewer = MaglevTable.build(names: names, weights: weights, size: Self.size)
    var orphaned = 0
    var disturbed = 0
    for (before, after) in zip(all, fewer) {
      if Int(before) == servers / 2 { orphaned += 1 } else if before != after { disturbed += 1 }
    }
    #expect(abs(orphaned - Self.size / servers) <= 1)
    #expect(Double(disturbed) < 0.02 * Double(Self.size))
    // The orphaned entries spread over all that are left, near to evenly.
    let fair = Double(Self.size) / Double(servers - 1)
    for (server, count) in counts(fewer, servers).enumerated() where server != servers / 2 {
      #expect(abs(Double(count) - fair) <= 1)
    }
  }

  @Test func fallbackSizesArePrimesOfAHundredAServer() {
    // The least primes from 101, 201, 301, 3,201 and 65,401 on.
    let sizes = [0: 101, 1: 101, 2: 211, 3: 307, 32: 3203, 654: 65_407]
    for (servers, size) in sizes {
      #expect(MaglevTable.fallbackSize(servers: servers) == size)
    }
    #expect(MaglevTable.fallbackSize(servers: 655) == 65_537)
    #expect(MaglevTable.fallbackSize(servers: 10_000) == 65_537)
  }

  /// Names differ in a digit only, as they do in practice, and still walk apart.
  @Test func similarNamesDoNotShareAWalk() {
    let walks = (0..<1000).map { name in
      MaglevTable.build(names: ["s\(name)", "other"], weights: [1, 1], size: 101)
    }
    #expect(Set(walks).count > 950)
  }
}
