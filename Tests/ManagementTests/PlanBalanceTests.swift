import Balancing
import Snapshots
import Testing

@testable import Management

/// What the plan makes of response times, and slow start.
@Suite struct PlanBalanceTests {
  private let start = ContinuousClock.now

  private func plan(_ algorithm: Algorithm, slowStart: Duration = .zero) -> Plan {
    var configuration = planned(["web: a b c"])
    configuration.services[0].algorithm = algorithm
    configuration.services[0].slowStart = slowStart
    return Plan(configuration: configuration, portMACs: [2])
  }

  private func average(_ milliseconds: Double) -> ServerTimes {
    ServerTimes(
      requests: ResponseTimes.Average(microseconds: milliseconds * 1000, samples: 1000))
  }

  /// Weights of rt are 256ths of the configured ones from the first snapshot on.
  @Test func weightsOfRTBeginAsConfigured() throws {
    var plan = plan(.rt)
    try plan.set(server: "web/b", weight: 3, state: nil)
    #expect(plan.makeContents(number: 1).servers.map(\.weight) == [256, 768, 256])
  }

  /// A is twice as fast as b and c. Its weight goes up step by step to 256 x reference / 1 ms, where
  /// the reference is 3 / (1/1 + 1/2 + 1/2) = 1.5 ms, theirs down to 256 x 0.75.
  @Test func weightsOfRTFollowResponseTimes() {
    var plan = plan(.rt)
    let times = [average(1), average(2), average(2)]
    let first = plan.balance(now: start) { slot, _ in times[Int(slot)] }
    #expect(first)
    let weights = plan.makeContents(number: 1).servers.map(\.weight)
    // A quarter of the way: 256 x 1.5^(1/4) = 283, 256 x 0.75^(1/4) = 238.
    #expect(weights[0] > 275 && weights[0] < 290)
    #expect(weights[1] == weights[2] && weights[1] > 233 && weights[1] < 256)
    for _ in 0..<40 { _ = plan.balance(now: start) { slot, _ in times[Int(slot)] } }
    let last = plan.makeContents(number: 2).servers.map(\.weight)
    #expect(abs(Int(last[0]) - 384) <= 384 / 15)
    #expect(abs(Int(last[1]) - 192) <= 192 / 15)
    // Nothing goes on, so nothing is published.
    let again = plan.balance(now: start) { slot, _ in times[Int(slot)] }
    #expect(!again)
    #expect(plan.server(slot: 0)?.weight == 1)
    #expect(plan.server(slot: 0).map { abs($0.effectiveWeight - 1.5) < 0.1 } == true)
  }

  @Test func otherAlgorithmsPublishNothing() {
    for algorithm in [Algorithm.rr, .wrr, .lc, .wlc, .maglev] {
      var plan = plan(algorithm)
      let isNews = plan.balance(now: start) { slot, _ in average(Double(1 + 10 * slot)) }
      #expect(!isNews)
      #expect(plan.makeContents(number: 1).servers.map(\.weight) == [1, 1, 1])
    }
  }

  /// The operator's weight takes hold at once, and so does another algorithm.
  @Test func aNewWeightTakesHold() throws {
    var plan = plan(.rt)
    let times = [average(1), average(2), average(2)]
    for _ in 0..<10 { _ = plan.balance(now: start) { slot, _ in times[Int(slot)] } }
    try plan.set(server: "web/a", weight: 4, state: nil)
    #expect(plan.makeContents(number: 1).servers[0].weight == 1024)
    try plan.set(server: "web/a", weight: 0, state: nil)
    #expect(plan.makeContents(number: 2).servers[0].weight == 0)
    var other = planned(["web: a b c"])
    other.services[0].algorithm = .wlc
    try plan.apply(other)
    #expect(plan.makeContents(number: 3).servers.map(\.weight) == [0, 1, 1])
  }

  /// P2c has the response times themselves, anew when they differ by more than a sixteenth.
  @Test func responseTimesOfP2C() {
    var plan = plan(.p2c)
    var times = [average(16), ServerTimes(), average(2)]
    let first = plan.balance(now: start) { slot, _ in times[Int(slot)] }
    #expect(first)
    #expect(plan.makeContents(number: 1).servers.map(\.responseTime) == [16_000, 0, 2000])
    times = [average(17), ServerTimes(), average(2.1)]
    let second = plan.balance(now: start) { slot, _ in times[Int(slot)] }
    #expect(!second)
    times = [average(17.1), average(1), ServerTimes()]
    let third = plan.balance(now: start) { slot, _ in times[Int(slot)] }
    #expect(third)
    #expect(plan.makeContents(number: 2).servers.map(\.responseTime) == [17_100, 1000, 0])
  }

  /// A check may take longer than 32 bits of microseconds hold, 71.6 minutes. What is published has 24.
  @Test func anEndlessResponseTime() {
    var plan = plan(.p2c)
    _ = plan.balance(now: start) { _, _ in average(80 * 60_000) }
    let published = plan.makeContents(number: 1).servers.map(\.responseTime)
    #expect(published == [0xff_ffff, 0xff_ffff, 0xff_ffff])
  }

  /// From a tenth (26 of 256) to all, in equal steps of time; 0 stands for all.
  @Test func slowStart() {
    var plan = plan(.wlc, slowStart: .seconds(10))
    func ramps(_ number: UInt64) -> [UInt8] {
      plan.makeContents(number: number).servers.map(\.ramp)
    }
    // From unknown to up is a beginning of the appliance, not of the server.
    _ = plan.setHealth(slot: 0, .up, now: start)
    #expect(ramps(1) == [0, 0, 0])
    _ = plan.setHealth(slot: 0, .down, now: start)
    _ = plan.setHealth(slot: 0, .up, now: start)
    #expect(ramps(2) == [26, 0, 0])
    let half = plan.balance(now: start + .seconds(5)) { _, _ in ServerTimes() }
    #expect(half)
    #expect(ramps(3) == [128, 0, 0])
    #expect(plan.server(slot: 0)?.effectiveWeight == 0.5)
    let same = plan.balance(now: start + .seconds(5)) { _, _ in ServerTimes() }
    #expect(!same)
    let end = plan.balance(now: start + .seconds(10)) { _, _ in ServerTimes() }
    #expect(end)
    #expect(ramps(4) == [0, 0, 0])
    let after = plan.balance(now: start + .seconds(11)) { _, _ in ServerTimes() }
    #expect(!after)
  }

  @Test func slowStartAfterMaintenanceAndWithoutTheKey() throws {
    var plan = plan(.wlc, slowStart: .seconds(10))
    try plan.set(server: "web/a", weight: nil, state: .maint, now: start)
    try plan.set(server: "web/a", weight: nil, state: .ready, now: start)
    #expect(plan.makeContents(number: 1).servers[0].ramp == 26)
    // The key is taken away.
    try plan.apply(planned(["web: a b c"]))
    let isNews = plan.balance(now: start + .seconds(1)) { _, _ in ServerTimes() }
    #expect(isNews)
    #expect(plan.makeContents(number: 2).servers[0].ramp == 0)
    _ = plan.setHealth(slot: 1, .down, now: start)
    _ = plan.setHealth(slot: 1, .up, now: start)
    #expect(plan.makeContents(number: 3).servers[1].ramp == 0)
  }

  /// Whatever brings a server into a service that was there before: another name, a name that comes
  /// back, or a name that moves from another service.
  @Test func slowStartOfServersThatAReloadBrings() throws {
    var plan = plan(.wlc, slowStart: .seconds(10))
    func reload(_ services: [String], at seconds: Int) throws {
      var other = planned(services)
      for index in other.services.indices { other.services[index].slowStart = .seconds(10) }
      try plan.apply(other, now: start + .seconds(seconds))
    }
    func ramp(_ server: String) -> UInt8? {
      plan.record(server, in: plan.makeContents(number: 1))?.ramp
    }
    try reload(["web: a b c d", "dns: a b"], at: 0)
    // The second service is new as a whole: none of its servers has more to do than another.
    #expect(["web/a", "web/d", "dns/a", "dns/b"].map(ramp) == [0, 26, 0, 0])
    _ = plan.balance(now: start + .seconds(5)) { _, _ in ServerTimes() }
    #expect(ramp("web/d") == 128)
    // Another reload that brings it nothing leaves it as it is.
    try reload(["web: a b d", "dns: a b"], at: 6)
    #expect(["web/a", "web/d"].map(ramp) == [0, 128])
    _ = plan.balance(now: start + .seconds(10)) { _, _ in ServerTimes() }
    #expect(ramp("web/d") == 0)
    try reload(["web: a b d c"], at: 20)
    #expect(["web/a", "web/d", "web/c"].map(ramp) == [0, 0, 26])
    // A service that comes back does so as a whole, too.
    try reload(["web: a b d", "dns: a b"], at: 21)
    #expect(["dns/a", "dns/b"].map(ramp) == [0, 0])
  }

  /// Until checks find it up a server takes sessions: a tenth, and more by and by, lest it stay at that
  /// where checks cannot be made. What counts is when it is up.
  @Test func slowStartOfAServerWithChecksThatAReloadBrings() throws {
    func configured(_ services: [String]) -> Configuration {
      var configuration = planned(services)
      configuration.services[0].slowStart = .seconds(10)
      configuration.services[0].health = Configuration.Health()
      return configuration
    }
    var plan = Plan(configuration: configured(["web: a"]), portMACs: [2])
    func ramps() -> [UInt8] { plan.makeContents(number: 1).servers.map(\.ramp) }
    _ = plan.setHealth(slot: 0, .up, now: start)
    try plan.apply(configured(["web: a b c"]), now: start)
    #expect(ramps() == [0, 26, 26])
    _ = plan.balance(now: start + .seconds(5)) { _, _ in ServerTimes() }
    #expect(ramps() == [0, 128, 128])
    _ = plan.setHealth(slot: 1, .up, now: start + .seconds(5))
    #expect(ramps() == [0, 26, 128])
    _ = plan.balance(now: start + .seconds(10)) { _, _ in ServerTimes() }
    #expect(ramps() == [0, 128, 0])
    // It has had all of its weight already.
    _ = plan.setHealth(slot: 2, .up, now: start + .seconds(10))
    #expect(ramps() == [0, 128, 0])
    _ = plan.setHealth(slot: 2, .down, now: start + .seconds(11))
    _ = plan.setHealth(slot: 2, .up, now: start + .seconds(12))
    #expect(ramps() == [0, 128, 26])
  }

  /// It leaves maintenance whether it is to take sessions at once or not.
  @Test func slowStartAfterMaintenanceByWayOfDrain() throws {
    var plan = plan(.wlc, slowStart: .seconds(10))
    for state in [ServerState.maint, .drain, .ready] {
      try plan.set(server: "web/a", weight: nil, state: state, now: start)
    }
    try plan.set(server: "web/b", weight: nil, state: .drain, now: start)
    try plan.set(server: "web/b", weight: nil, state: .ready, now: start)
    #expect(plan.makeContents(number: 1).servers.map(\.ramp) == [26, 0, 0])
  }
}
