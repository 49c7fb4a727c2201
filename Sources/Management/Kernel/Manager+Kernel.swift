import AdminProtocol
import Dataplane
import NIOCore

/// From the kernel's neighbour table to snapshots, and from the configuration to the twins.
extension Manager {
  /// How often the kernel is asked again for all next hops: it may have lost them with a link, or
  /// not know how to keep them fresh.
  static let nextHopInterval = TimeAmount.seconds(5)

  /// Begins to follow the kernel's neighbours.
  func watchKernel() throws(KernelError) {
    try kernel.watchNeighbours { report in
      self.loop.execute { self.take(report) }
    }
    tellKernel()
  }

  /// Has the kernel know the addresses and next hops of the plan.
  func tellKernel() {
    guard !kernel.twins.isEmpty else { return }
    logKernel(kernel.apply(plan.configuration))
    askForNextHops()
    readNeighbours()
  }

  func askForNextHops() {
    guard !kernel.twins.isEmpty else { return }
    let wanted = plan.wantedNextHops
    plan.forgetNextHops(but: wanted)
    logKernel(kernel.ask(for: wanted))
  }

  /// Takes next hops for silent that were sought for a whole interval, of which the kernel does not say
  /// so: it may have no room for them.
  func giveUpOnNextHops() {
    let sought = plan.wantedNextHops.filter { hop in
      let state = gatheredNextHops.state(of: hop, in: plan)
      return state == .sought || state == .awaited
    }
    for hop in soughtNextHops.intersection(sought) { take(.silent, of: hop) }
    soughtNextHops = sought
  }

  private func readNeighbours() {
    do {
      take(try kernel.neighbours())
    } catch {
      logKernel([error])
    }
  }

  private func take(_ report: NeighbourWatch.Report) {
    switch report {
    case .changes(let changes): take(changes)
    case .lost: readNeighbours()
    }
  }

  private func take(_ changes: [NeighbourChange]) {
    let ports = Dictionary(uniqueKeysWithValues: kernel.twins.map { ($0.link, $0.port) })
    let wanted = plan.wantedNextHops
    for change in changes {
      guard let port = ports[change.link] else { continue }
      let hop = NextHop(port: port, address: change.address)
      if wanted.contains(hop) { take(change.state, of: hop) }
    }
  }

  private func take(_ report: NextHopState, of hop: NextHop) {
    guard let state = gatheredNextHops.add(hop, report, to: plan) else { return }
    let name = plan.configuration.ports[hop.port].name
    switch state {
    case .found(let mac): log.info("next hop \(hop.address) of port \(name) is at \(mac)")
    case .silent: log.warning("next hop \(hop.address) of port \(name) does not answer")
    case .sought, .awaited:
      log.warning("next hop \(hop.address) of port \(name) is lost, and asked for again")
    }
    publishSoon()
  }

  /// Each refusal once.
  private func logKernel(_ errors: [KernelError]) {
    for error in errors
    where loggedObstacles.count < 100 && loggedObstacles.insert(error.description).inserted {
      log.warning("the kernel refuses: \(error)")
    }
  }

  /// What is shown of a port's twin.
  func describeTwin(port: Int) -> JSONValue {
    kernel.twin(port: port).map { .string($0.name) } ?? .null
  }

  /// Beside the workers' counters.
  var kernelCounters: [(name: String, value: UInt64)] {
    kernel.pathCounts.map { [("kernel.lost", $0.lost)] } ?? [("kernel.lost", 0)]
  }
}
