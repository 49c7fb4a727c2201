/// What a case does: the appliance that it needs, the sessions that are there, and what comes.
struct Scenario {
  var setup: Setup
  /// Live sessions made beforehand, flows 0 ..< n.
  var populated = 0
  var isIPv6 = false
  var streams: [Traffic.Stream]
  /// How far the clock is moved for a packet, in nanoseconds; nil lets it run. A benchmark's packets
  /// come faster than any link's, so sessions that are to end meanwhile need a clock of their own.
  var step: Double?
  /// Packets forwarded before anything is measured, until as many sessions end as start.
  var warmUp = 0
  var disturbance = Disturbance.none
  var expectation: Expectation

  /// What the manager does in every other round.
  enum Disturbance { case none, snapshots, reloads }

  /// What has to become of every packet that is measured.
  enum Expectation {
    case switched(popped: Bool)
    case known
    case new
    case stateless
    case mixed
  }

  /// Idle time after which a session of one packet ends (`timeouts.udp-embryonic`).
  private static let embryonicNanoseconds = 5e9

  init(_ name: String, n: Int, devices: [String]) throws(BenchFailure) {
    let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
    let variant = parts.count > 1 ? parts[1] : ""
    let setup = Setup(devices: devices)
    switch parts[0] {
    case "switch": self = Self.labelSwitch(setup, n, variant)
    case "session": self = Self.session(setup, n, isIPv6: variant == "ipv6")
    case "new" where variant == "syn-flood": self = Self.flood(setup, n)
    case "new": self = Self.new(setup, n, algorithm: variant)
    case "mix": self = Self.mix(setup, n, variant)
    default: throw BenchFailure("no scenario is called \(name)", code: 1)
    }
    self.setup.sessions = max(1 << 20, n + n / 8)
  }

  private init(
    _ setup: Setup, populated: Int, streams: [Traffic.Stream], expectation: Expectation
  ) {
    self.setup = setup
    self.populated = populated
    self.streams = streams
    self.expectation = expectation
  }

  private static func labelSwitch(_ setup: Setup, _ n: Int, _ variant: String) -> Scenario {
    var setup = setup
    setup.clientsAreLabelled = variant != "pop"
    setup.guardsByPort = variant == "guard-port"
    var streams = [Traffic.Stream(FrameKind(.toClient, isLabelled: true), flows: 0..<n)]
    if variant != "pop" {
      streams.insert(Traffic.Stream(FrameKind(.toServer, isLabelled: true), flows: 0..<n), at: 0)
    }
    return Scenario(
      setup, populated: n, streams: streams, expectation: .switched(popped: variant == "pop"))
  }

  private static func session(_ setup: Setup, _ n: Int, isIPv6: Bool) -> Scenario {
    let streams = [FrameKind.Direction.toServer, .toClient].map {
      Traffic.Stream(FrameKind($0, isIPv6: isIPv6), flows: 0..<n)
    }
    var scenario = Scenario(setup, populated: n, streams: streams, expectation: .known)
    scenario.isIPv6 = isIPv6
    return scenario
  }

  /// All flows that an IPv4 frame can have.
  private static let allFlows = 1 << 24

  private static func new(_ setup: Setup, _ n: Int, algorithm: String) -> Scenario {
    var setup = setup
    setup.algorithm = algorithm
    var scenario = Scenario(
      setup, populated: 0,
      streams: [Traffic.Stream(FrameKind(.toServer), flows: 0..<allFlows, isSequential: true)],
      expectation: .new)
    scenario.step = embryonicNanoseconds / Double(n)
    scenario.warmUp = 2 * n
    return scenario
  }

  /// The share is a quarter of the pairs.
  private static func flood(_ setup: Setup, _ n: Int) -> Scenario {
    var setup = setup
    setup.pairs = 4 * n
    var scenario = Scenario(
      setup, populated: 0,
      streams: [
        Traffic.Stream(
          FrameKind(.toServer, isSYN: true), flows: 0..<allFlows, isSequential: true)
      ],
      expectation: .stateless)
    scenario.step = 0
    scenario.warmUp = n
    return scenario
  }

  private static func mix(_ setup: Setup, _ n: Int, _ variant: String) -> Scenario {
    var setup = setup
    setup.clientsAreLabelled = true
    var streams: [Traffic.Stream] = []
    // IMIX: Ethernet frames of 64, 594 and 1,518 bytes with their check sequence, 7 : 4 : 1; what lies
    // in memory lacks the check sequence, and a label adds 4 bytes but to the smallest.
    for (place, (length, weight)) in [(64, 7), (590, 4), (1514, 1)].enumerated() {
      for direction in [FrameKind.Direction.toServer, .toClient] {
        let labelled = FrameKind(
          direction, isLabelled: true, length: length == 64 ? 64 : length + 4)
        streams.append(Traffic.Stream(labelled, share: 90 * weight, flows: 0..<n))
        streams.append(
          Traffic.Stream(FrameKind(direction, length: length), share: 9 * weight, flows: 0..<n))
      }
      let strangers = n + (place << 20)..<n + ((place + 1) << 20)
      streams.append(
        Traffic.Stream(
          FrameKind(.toServer, length: length), share: 2 * weight, flows: strangers,
          isSequential: true))
    }
    var scenario = Scenario(setup, populated: n, streams: streams, expectation: .mixed)
    // A tenth as many sessions of one packet as live ones: each hundredth packet starts one.
    scenario.step = embryonicNanoseconds / Double(max(1, n / 10)) / 100
    scenario.warmUp = 20 * n
    switch variant {
    case "snapshot": scenario.disturbance = .snapshots
    case "reload":
      scenario.disturbance = .reloads
      scenario.setup.idleServices = 1000
    default: break
    }
    return scenario
  }
}
