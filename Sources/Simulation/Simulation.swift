import Snapshots

/// Sessions come, are given a server by the Balancing module, wait, are worked on and end.
public struct Simulation {
  private enum Event {
    case arrival
    /// Of a session on a server, in one of the server's lives.
    case finish(session: Int, server: Int, life: Int)
    case death(Int)
    case detected(Int)
    case rebirth(Int)
    case risen(Int)
    case manage
    case measure
  }

  private struct Session {
    var worker: Int
    var server: Int
    var work: Double
    var begun: Double
    var isLive = true
  }

  private static let measureInterval = 0.1

  private let scenario: Scenario
  private var workload: Workload
  private var events = EventQueue<Event>()
  private var servers: [SimulatedServer]
  private let balancer: Balancer
  private var sessions: [Session] = []
  private var outcome: Outcome

  private init(_ scenario: Scenario, _ algorithm: Algorithm) {
    self.scenario = scenario
    workload = Workload(seed: scenario.seed)
    servers = scenario.servers.map { SimulatedServer($0) }
    balancer = Balancer(scenario, algorithm)
    outcome = Outcome(algorithm: algorithm, servers: scenario.servers.count)
  }

  public static func run(_ scenario: Scenario, _ algorithm: Algorithm) -> Outcome {
    var simulation = Simulation(scenario, algorithm)
    simulation.run()
    return simulation.outcome
  }

  private mutating func run() {
    events.add(.arrival, at: 0)
    events.add(.manage, at: 1)
    events.add(.measure, at: Self.measureInterval)
    for (index, server) in scenario.servers.enumerated() {
      if let time = server.diesAt {
        events.add(.death(index), at: time)
        events.add(.detected(index), at: time + scenario.detection)
      }
      if let time = server.returnsAt {
        events.add(.rebirth(index), at: time)
        events.add(.risen(index), at: time + scenario.detection)
      }
    }
    while let (time, event) = events.next() { handle(event, at: time) }
    outcome.settle()
  }

  private mutating func handle(_ event: Event, at now: Double) {
    switch event {
    case .arrival:
      begin(at: now)
      let next = now + workload.exponential(mean: 1 / scenario.rate)
      if next < scenario.seconds { events.add(.arrival, at: next) }
    case .finish(let session, let server, let life):
      if life == servers[server].life { finish(session, server, at: now) }
    case .death(let server): servers[server].die()
    case .rebirth(let server): servers[server].isAlive = true
    case .detected(let server):
      balancer.set(.down, server: server, at: now)
      // Its sessions are withdrawn.
      for index in sessions.indices where sessions[index].isLive {
        if sessions[index].server == server { fail(index) }
      }
    case .risen(let server): balancer.set(.up, server: server, at: now)
    case .manage:
      balancer.manage(at: now)
      if now + 1 < scenario.seconds { events.add(.manage, at: now + 1) }
    case .measure:
      measure()
      let next = now + Self.measureInterval
      if next < scenario.seconds { events.add(.measure, at: next) }
    }
  }

  private mutating func begin(at now: Double) {
    // Drawn before the choice, so that all algorithms meet the same sessions.
    let hash = workload.next()
    let work = workload.boundedPareto(
      mean: scenario.meanWork, shape: scenario.shape, spread: 1000)
    let worker = Int(hash % UInt64(scenario.workers))
    guard let server = balancer.begin(worker: worker, hash: hash) else {
      outcome.refused += 1
      return
    }
    outcome.given[server] += 1
    sessions.append(Session(worker: worker, server: server, work: work, begun: now))
    let index = sessions.count - 1
    guard servers[server].isAlive else { return }
    if servers[server].take(index) { start(index, server, at: now) }
  }

  /// A core begins with it.
  private mutating func start(_ index: Int, _ server: Int, at now: Double) {
    let session = sessions[index]
    let speed = servers[server].speed
    balancer.answered(
      worker: session.worker, server: server,
      after: now - session.begun + scenario.answerWork / speed, at: now)
    events.add(
      .finish(session: index, server: server, life: servers[server].life),
      at: now + session.work / speed)
  }

  private mutating func finish(_ index: Int, _ server: Int, at now: Double) {
    outcome.times.append(now - sessions[index].begun)
    sessions[index].isLive = false
    balancer.end(worker: sessions[index].worker, server: server)
    if let next = servers[server].finish() { start(next, server, at: now) }
  }

  private mutating func fail(_ index: Int) {
    outcome.failed += 1
    sessions[index].isLive = false
    balancer.end(worker: sessions[index].worker, server: sessions[index].server)
  }

  private mutating func measure() {
    let loads = servers.filter(\.isAlive).map { Double($0.sessions) / Double($0.cores) }
    outcome.add(loads: loads)
  }
}
