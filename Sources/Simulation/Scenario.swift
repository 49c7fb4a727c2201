import Snapshots

/// Servers of one service, and the work that is offered to them.
///
/// Times are in seconds. The offered load is open: clients come whether they were served or not.
public struct Scenario: Sendable {
  public struct Server: Sendable {
    public var name: String
    /// As the operator configures it.
    public var weight: UInt32
    /// Sessions that it works on at a time; others wait in order.
    public var cores: Int
    /// Work done a second by each core.
    public var speed: Double
    /// When it stops to answer, and when it comes back, if it does.
    public var diesAt: Double?
    public var returnsAt: Double?

    public init(_ name: String, weight: UInt32, cores: Int, speed: Double) {
      self.name = name
      self.weight = weight
      self.cores = cores
      self.speed = speed
    }
  }

  public var servers: [Server] = []
  public var seconds = 60.0
  /// Offered work, as a part of what all servers together can do.
  public var load = 0.7
  /// Mean work of a session, in seconds of a core of speed 1.
  public var meanWork = 0.02
  /// Work is Pareto distributed with this shape, from its least to 1,000 times as much.
  public var shape = 1.5
  /// Until a first answer, beside the wait for a core: seconds of work.
  public var answerWork = 0.0002
  /// How long a dead server is taken for alive, and a living one for dead.
  public var detection = 3.0
  public var slowStart = 10.0
  /// Workers of the appliance; sessions fall to them at random.
  public var workers = 2
  public var seed: UInt64 = 1

  public init() {}

  /// A pool as it is met: half of the servers are twice as fast, and weighted so; one is a quarter
  /// as fast as its weight says; one dies after a third of the time and is back after two thirds.
  public static func mixed(servers count: Int = 16, seconds: Double = 60) -> Scenario {
    precondition(count >= 4, "a fast one, a usual one, a slow one and one that dies")
    var scenario = Scenario()
    scenario.seconds = seconds
    scenario.servers = (0..<count).map { index in
      let isFast = index % 2 == 0
      return Server("server\(index)", weight: isFast ? 2 : 1, cores: 4, speed: isFast ? 2 : 1)
    }
    scenario.servers[1].speed = 0.25
    scenario.servers[2].diesAt = scenario.seconds / 3
    scenario.servers[2].returnsAt = scenario.seconds * 2 / 3
    return scenario
  }

  /// Sessions a second.
  public var rate: Double {
    load * servers.reduce(0) { $0 + Double($1.cores) * $1.speed } / meanWork
  }
}
