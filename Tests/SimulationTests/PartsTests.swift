import Testing

@testable import Simulation

@Suite struct PartsTests {
  @Test func eventsComeInOrderOfTimeThenOfAddition() {
    var queue = EventQueue<Int>()
    let times = [5.0, 1, 3, 1, 4, 1, 5, 9, 2, 6]
    for (index, time) in times.enumerated() { queue.add(index, at: time) }
    var order: [Int] = []
    while let (time, event) = queue.next() {
      #expect(time == times[event])
      order.append(event)
    }
    #expect(order == [1, 3, 5, 8, 2, 4, 0, 6, 9, 7])
    #expect(queue.isEmpty)
  }

  /// The first outputs of SplitMix64 from state 0, as published with its reference code.
  @Test func randomNumbersAreSplitMixs() {
    var workload = Workload(seed: 0)
    let numbers = (0..<3).map { _ in workload.next() }
    #expect(numbers == [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f])
  }

  @Test func drawsHaveTheirMeansAndBounds() {
    var workload = Workload(seed: 3)
    let count = 200_000
    var sum = 0.0
    for _ in 0..<count { sum += workload.exponential(mean: 2) }
    // Five standard deviations of the mean: 5 * 2 / sqrt(200,000).
    #expect(abs(sum / Double(count) - 2) < 0.023)
    let works = (0..<count).map { _ in
      workload.boundedPareto(mean: 2, shape: 3, spread: 1000)
    }
    // Least 2 / 1.5 = 4/3; variance least^2 * 3 / (1 * 2^2) = 4/3 (the bound takes off next to nothing).
    #expect(abs(works.reduce(0, +) / Double(count) - 2) < 5 * (4.0 / 3).squareRoot() / 447)
    #expect(abs(works.min()! - 4.0 / 3) < 0.001)
    #expect(works.max()! < 1334)
    // Half of them below least * 2^(1/3).
    #expect(abs(Double(works.count { $0 < 1.6799 }) / Double(count) - 0.5) < 0.006)
  }

  @Test func aServerWorksInOrder() {
    var server = SimulatedServer(Scenario.Server("a", weight: 1, cores: 2, speed: 1))
    let begins = (10..<14).map { server.take($0) }
    #expect(begins == [true, true, false, false])
    #expect(server.sessions == 4)
    let next = (0..<3).map { _ in server.finish() }
    #expect(next == [12, 13, nil])
    #expect(server.sessions == 1)
    let beginsAgain = server.take(14)
    #expect(beginsAgain)
    server.die()
    #expect(server.sessions == 0)
  }

  @Test func quantilesAreByNearestRank() {
    var outcome = Outcome(algorithm: .rr, servers: 1)
    outcome.times = [5, 3, 1, 4, 2]
    outcome.settle()
    #expect(outcome.quantile(0.5) == 3)
    #expect(outcome.quantile(0.2) == 1)
    #expect(outcome.quantile(0.21) == 2)
    #expect(outcome.quantile(0.999) == 5)
    // By hand: (1 + 1) / 2 and (0 + 0) / 2.
    outcome.add(loads: [1, 3])
    outcome.add(loads: [2, 2])
    #expect(outcome.loadVariance == 0.5)
  }

  @Test func tablesHaveARowEach() {
    var outcome = Outcome(algorithm: .wlc, servers: 1)
    outcome.times = [0.001, 0.002]
    outcome.failed = 3
    #expect(
      OutcomeTable.csv([outcome])
        == "algorithm,sessions,p50_ms,p99_ms,p99.9_ms,load_variance,failed,refused\n"
        + "wlc,5,1.0,2.0,2.0,0.00,3,0\n")
    let lines = OutcomeTable.markdown([outcome]).split(separator: "\n")
    #expect(lines.count == 3)
    #expect(Set(lines.map(\.count)).count == 1)
    #expect(lines[2].hasPrefix("| wlc       |        5 |"))
  }
}
