import Balancing
import Snapshots
import Testing

@Suite struct MaglevChoiceTests {
  /// Four standard deviations of 1,000 draws of a quarter each: 4 * sqrt(1000 / 4 * 3 / 4) = 55.
  @Test func aThousandFlowsSpreadByTheirHash() {
    let appliance = Appliance(.maglev, weights: [1, 1, 1, 1])
    var numbers = Numbers(state: 11)
    let random = shares(1000, of: 4) { _ in appliance.begin(hash: numbers.next()) }
    #expect(random.allSatisfy { abs($0 - 250) <= 55 })
  }

  /// Hashes whose bits are not all random: consecutive, in the low half only, in the high half only.
  @Test(arguments: [0, 20, 40]) func narrowHashesSpreadAsWell(_ shift: UInt64) {
    let appliance = Appliance(.maglev, weights: [1, 1, 1, 1])
    let counts = shares(1000, of: 4) { appliance.begin(hash: UInt64($0) << shift) }
    #expect(counts.allSatisfy { abs($0 - 250) <= 55 })
  }

  @Test func weightsShareFlows() {
    let appliance = Appliance(.maglev, weights: [1, 2, 4])
    var numbers = Numbers(state: 12)
    let counts = shares(7000, of: 3) { _ in appliance.choose(hash: numbers.next()) }
    // Four standard deviations of 7,000 draws of 1/7, 2/7 and 4/7: 117, 151 and 166.
    #expect(abs(counts[0] - 1000) <= 117)
    #expect(abs(counts[1] - 2000) <= 151)
    #expect(abs(counts[2] - 4000) <= 166)
  }

  @Test func everyWorkerChoosesTheSame() {
    let appliance = Appliance(.maglev, weights: [3, 1, 2], workers: 3)
    for flow in 0..<500 {
      let hash = UInt64(flow) &* 0x1_0000_0001
      let choice = appliance.begin(worker: 0, hash: hash)
      #expect(choice != nil)
      #expect(appliance.begin(worker: 1, hash: hash) == choice)
      #expect(appliance.begin(worker: 2, hash: hash) == choice)
    }
  }

  @Test func orderOfConfigurationDoesNotMatter() {
    let appliance = Appliance(.maglev, weights: [3, 1, 2])
    let before = (0..<200).map { appliance.choose(hash: $0) }
    appliance.order.reverse()
    appliance.publish()
    #expect((0..<200).map { appliance.choose(hash: $0) } == before)
  }

  @Test(arguments: [true, false]) func onlyTheSessionsOfALostServerMove(_ down: Bool) {
    let appliance = Appliance(.maglev, weights: [1, 1, 1, 1, 1])
    let before = (0..<2000).map { appliance.choose(hash: $0) }
    if down {
      appliance.change(2) { $0.health = .down }
    } else {
      appliance.change(2) { $0.maxSessions = 1 }
      appliance.loads.addSession(worker: 0, server: Appliance.slot(2), service: Appliance.service)
    }
    let after = (0..<2000).map { appliance.choose(hash: $0) }
    var moved = Array(repeating: 0, count: 5)
    for (old, new) in zip(before, after) {
      if old == 2 { moved[new!] += 1 } else { #expect(new == old) }
    }
    // About 400 sessions over four servers.
    #expect(moved[2] == 0)
    for server in [0, 1, 3, 4] { #expect(moved[server] > 50 && moved[server] < 150) }
  }

  /// A restart forgets where servers are, and not whose sessions they have.
  @Test func theWayToAServerDoesNotMatter() {
    let appliance = Appliance(.maglev, weights: [1, 1, 1, 1])
    let before = (0..<500).map { appliance.choose(hash: $0) }
    let ofSYNs = (0..<500).map { appliance.maglev($0) }
    for index in [0, 2] { appliance.change(index) { $0.adjacency = noIndex } }
    #expect((0..<500).map { appliance.choose(hash: $0) } == before)
    #expect((0..<500).map { appliance.maglev($0) } == ofSYNs)
    #expect(Set(before) == [0, 1, 2, 3])
  }

  @Test(arguments: Algorithm.allCases) func anySYNWithoutStateFindsItsServerAgain(
    _ algorithm: Algorithm
  ) {
    let appliance = Appliance(algorithm, weights: [1, 1, 1, 1], workers: 2)
    let atSYN = (0..<300).map { appliance.maglev(UInt64($0)) }
    // Other sessions fill a server in between.
    appliance.change(1) { $0.maxSessions = 1 }
    appliance.loads.addSession(worker: 1, server: Appliance.slot(1), service: Appliance.service)
    #expect((0..<300).map { appliance.maglev(UInt64($0)) } == atSYN)
    #expect(Set(atSYN) == [0, 1, 2, 3])
  }

  @Test func aSYNWithoutStateGoesWhereMaglevWouldPutIt() {
    let appliance = Appliance(.maglev, weights: [1, 5, 2])
    appliance.change(0) { $0.state = .drain }
    for hash in 0..<300 as Range<UInt64> {
      #expect(appliance.maglev(hash) == appliance.choose(hash: hash))
    }
  }
}
