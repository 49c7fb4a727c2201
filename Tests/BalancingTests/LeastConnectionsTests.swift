import Balancing
import Snapshots
import Testing

@Suite struct LeastConnectionsTests {
  @Test func idleServersTakeTurns() {
    let appliance = Appliance(.lc, weights: [1, 1, 1])
    // Each session ends before the next begins, so that all servers are always idle.
    var order: [Int] = []
    for _ in 0..<6 {
      let index = appliance.begin()!
      order.append(index)
      appliance.end(index)
    }
    #expect(order == [0, 1, 2, 0, 1, 2])
  }

  @Test func aThousandSessionsThatStayAreEven() {
    let appliance = Appliance(.lc, weights: [1, 50, 9, 2])
    #expect(shares(1000, of: 4) { _ in appliance.begin() } == [250, 250, 250, 250])
  }

  @Test func theLeastLoadedFillsUpFirst() {
    let appliance = Appliance(.lc, weights: [1, 1])
    for _ in 0..<10 {
      appliance.loads.addSession(worker: 0, server: Appliance.slot(0), service: Appliance.service)
    }
    #expect(shares(10, of: 2) { _ in appliance.begin() } == [0, 10])
    #expect(shares(10, of: 2) { _ in appliance.begin() } == [5, 5])
  }

  @Test(arguments: [Algorithm.lc, .wlc]) func sessionsOfAllWorkersCount(_ algorithm: Algorithm) {
    let appliance = Appliance(algorithm, weights: [1, 1, 1], workers: 2)
    let sessions = [(0, 0, 3), (1, 1, 2), (0, 2, 2), (1, 2, 2)]
    for (worker, server, count) in sessions {
      for _ in 0..<count {
        appliance.loads.addSession(
          worker: worker, server: Appliance.slot(server), service: Appliance.service)
      }
    }
    // 3, 2 and 4. Alone, worker 0 has none on server 1, and worker 1 none on server 0.
    #expect(appliance.choose(worker: 0) == 1)
    #expect(appliance.choose(worker: 1) == 1)
  }

  @Test func twoWorkersLevelWhatEitherGives() {
    let appliance = Appliance(.lc, weights: [1, 1, 1], workers: 2)
    for _ in 0..<300 {
      appliance.loads.addSession(worker: 0, server: Appliance.slot(1), service: Appliance.service)
    }
    #expect(shares(600, of: 3) { appliance.begin(worker: $0 % 2) } == [300, 0, 300])
  }

  /// 700 sessions over 1:2:4; D'Hondt's divisors give whole multiples of 7 exactly.
  @Test func weightedSessionsThatStayAreProportional() {
    let appliance = Appliance(.wlc, weights: [1, 2, 4])
    #expect(shares(700, of: 3) { _ in appliance.begin() } == [100, 200, 400])
  }

  /// By hand, (sessions + 1) / weight: 1/1, 1/3 -> b; 1, 2/3 -> b; 1, 3/3: equal, and behind b comes
  /// a -> a; 2, 1 -> b; then as at first.
  @Test func weightedOrder() {
    let appliance = Appliance(.wlc, weights: [1, 3])
    #expect((0..<8).map { _ in appliance.begin() } == [1, 1, 0, 1, 1, 1, 0, 1])
  }

  @Test func endedSessionsMakeRoom() {
    let appliance = Appliance(.wlc, weights: [1, 1])
    _ = shares(20, of: 2) { _ in appliance.begin() }
    for _ in 0..<6 { appliance.end(0) }
    #expect(shares(6, of: 2) { _ in appliance.begin() } == [6, 0])
  }

  @Test func theGreatestWeightsCompare() {
    let appliance = Appliance(.wlc, weights: [.max, .max / 2, 0])
    #expect(shares(300, of: 3) { _ in appliance.begin() } == [200, 100, 0])
  }
}
