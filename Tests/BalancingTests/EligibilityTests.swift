import Balancing
import Snapshots
import Testing

/// Who may be chosen, whatever the algorithm.
@Suite struct EligibilityTests {
  private func flows(_ appliance: Appliance, _ count: Int = 300) -> [Int] {
    shares(count, of: appliance.servers.count) { appliance.begin(hash: UInt64($0)) }
  }

  private func expectNone(
    _ algorithm: Algorithm, _ edit: (inout ServerRecord) -> Void
  ) {
    let appliance = Appliance(algorithm, weights: [1, 1, 1])
    appliance.change(1, edit)
    let counts = flows(appliance)
    #expect(counts[1] == 0)
    #expect(counts[0] > 0 && counts[2] > 0 && counts[0] + counts[2] == 300)
    for index in [0, 2] { appliance.change(index, edit) }
    #expect(flows(appliance) == [0, 0, 0])
    #expect(appliance.choose() == nil)
  }

  @Test(arguments: Algorithm.allCases) func drained(_ algorithm: Algorithm) {
    expectNone(algorithm) { $0.state = .drain }
  }

  @Test(arguments: Algorithm.allCases) func inMaintenance(_ algorithm: Algorithm) {
    expectNone(algorithm) { $0.state = .maint }
  }

  @Test(arguments: Algorithm.allCases) func down(_ algorithm: Algorithm) {
    expectNone(algorithm) { $0.health = .down }
  }

  @Test(arguments: Algorithm.allCases) func weightless(_ algorithm: Algorithm) {
    expectNone(algorithm) { $0.weight = 0 }
  }

  @Test(arguments: Algorithm.allCases) func goneFromItsSlot(_ algorithm: Algorithm) {
    expectNone(algorithm) { $0.inUse = false }
  }

  @Test(arguments: Algorithm.allCases.filter { $0 != .maglev })
  func withoutAWayToIt(_ algorithm: Algorithm) {
    expectNone(algorithm) { $0.adjacency = noIndex }
  }

  @Test(arguments: Algorithm.allCases) func unknownHealthAndUpAreTaken(_ algorithm: Algorithm) {
    let appliance = Appliance(algorithm, weights: [1, 1])
    appliance.change(1) { $0.health = .up }
    let counts = flows(appliance)
    #expect(counts[0] > 0 && counts[1] > 0 && counts[0] + counts[1] == 300)
  }

  @Test(arguments: Algorithm.allCases) func aFullServerIsPassedOver(_ algorithm: Algorithm) {
    let appliance = Appliance(algorithm, weights: [1, 1, 1])
    appliance.change(0) { $0.maxSessions = 5 }
    let counts = flows(appliance)
    #expect(counts[0] == 5)
    #expect(counts[0] + counts[1] + counts[2] == 300)
    appliance.end(0)
    #expect(flows(appliance)[0] == 1)
  }

  @Test(arguments: Algorithm.allCases) func allFullGivesNone(_ algorithm: Algorithm) {
    let appliance = Appliance(algorithm, weights: [1, 1, 1])
    for index in 0..<3 { appliance.change(index) { $0.maxSessions = UInt32(index + 1) } }
    #expect(flows(appliance) == [1, 2, 3])
    #expect(appliance.choose() == nil)
  }

  @Test(arguments: Algorithm.allCases) func limitsCountTheSessionsOfAllWorkers(
    _ algorithm: Algorithm
  ) {
    let appliance = Appliance(algorithm, weights: [1, 1], workers: 3)
    appliance.change(0) { $0.maxSessions = 4 }
    appliance.change(1) { $0.maxSessions = 6 }
    #expect(
      shares(60, of: 2) { appliance.begin(worker: $0 % 3, hash: UInt64($0)) } == [4, 6])
    for worker in 0..<3 { #expect(appliance.choose(worker: worker) == nil) }
  }

  @Test(arguments: Algorithm.allCases) func aServiceWithoutServersGivesNone(
    _ algorithm: Algorithm
  ) {
    let appliance = Appliance(algorithm, weights: [])
    #expect(appliance.choose() == nil)
    #expect(appliance.maglev(1) == nil)
  }

  @Test(arguments: Algorithm.allCases) func oneServerOfManyIsFound(_ algorithm: Algorithm) {
    let appliance = Appliance(algorithm, weights: Array(repeating: 1, count: 400))
    for slot in appliance.servers.keys where slot != Appliance.slot(123) {
      appliance.servers[slot]!.health = .down
    }
    appliance.publish()
    for hash in 0..<50 { #expect(appliance.choose(hash: UInt64(hash)) == 123) }
    #expect(appliance.maglev(5) == 123)
  }
}
