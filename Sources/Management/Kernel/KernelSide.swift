import Dataplane
import Dispatch
import Foundation
import Wire

/// All that the appliance has in the kernel: the devices that it keeps quiet, and the ports' twins.
///
/// Not thread-safe: first the starting thread, then the manager's event loop calls it.
final class KernelSide: @unchecked Sendable {
  private let socket: NetlinkSocket
  private var devices: [KernelDevice] = []
  private(set) var twins: [KernelTwin] = []
  private var path: KernelPath?
  private let pathEnded = DispatchSemaphore(value: 0)
  private var watch: NeighbourWatch?
  private var checks: CheckNamespace?
  /// Next hops that the kernel is asked to keep fresh.
  private var asked: Set<NextHop> = []

  /// Checks the kernel devices that ports use and silences them; before DPDK opens them.
  init(_ configuration: Configuration) throws(KernelError) {
    socket = try NetlinkSocket()
    for port in configuration.ports {
      for name in KernelDevice.names(in: port.device) {
        do {
          devices.append(try KernelDevice(name, port: port.name, socket: socket))
        } catch {
          stop()
          throw error
        }
      }
    }
  }

  /// Creates the twins and starts to move packets.
  func start(_ configuration: Configuration, appliance: Appliance) throws(KernelError) {
    for (index, port) in configuration.ports.enumerated() where !port.addresses.isEmpty {
      twins.append(
        try KernelTwin(
          port, index: index, mac: MACAddress(word: appliance.devices[index].mac), socket: socket))
    }
    guard !twins.isEmpty else { return }
    let ends = twins.map { twin in
      KernelPath.Twin(
        port: twin.port, descriptor: twin.descriptor, vlan: configuration.ports[twin.port].vlan)
    }
    do {
      let path = try appliance.makeKernelPath(ends)
      self.path = path
      let ended = pathEnded
      Thread.detachNewThread {
        path.run()
        ended.signal()
      }
    } catch {
      throw KernelError(what: error.description, code: ENOMEM)
    }
  }

  /// What the operator should change about the devices that ports use.
  var advice: [LengtheningOffloads.Advice] { devices.flatMap(\.advice) }

  /// Opens the namespace of checks to virtual addresses, once, if the configuration has any.
  ///
  /// - Returns: what was opened by this call
  func openChecks(_ configuration: Configuration) throws(KernelError) -> CheckNamespace? {
    guard checks == nil, let path,
      configuration.services.contains(where: { $0.health?.target == .vip })
    else { return nil }
    let ports = configuration.ports.filter { !$0.addresses.isEmpty }
    // A packet that has one buffer is enough for a check.
    let opened = try CheckNamespace(
      addresses: ports.flatMap { $0.addresses.map(\.address) },
      mtu: min(1500, ports.map(\.mtu).min() ?? 1500))
    path.open(checks: opened.descriptor)
    checks = opened
    return opened
  }

  var pathCounts: KernelPath.Counts? { path?.counts }

  func twin(port: Int) -> KernelTwin? { twins.first { $0.port == port } }

  /// Has changes of neighbours reported from now on.
  func watchNeighbours(
    _ report: @escaping @Sendable (NeighbourWatch.Report) -> Void
  ) throws(KernelError) {
    if !twins.isEmpty { watch = try NeighbourWatch(report) }
  }

  /// Gives the twins the addresses that the configuration wants.
  ///
  /// - Returns: what the kernel refused
  func apply(_ configuration: Configuration) -> [KernelError] {
    let virtual = Array(Set(configuration.services.map(\.address)))
    return twins.flatMap { twin in
      let port = configuration.ports[twin.port]
      var gateway: IPAddress?
      if case .address(let address) = port.gateway { gateway = address }
      return twin.apply(
        own: port.addresses, virtual: port.side.facesClients ? virtual : [], gateway: gateway,
        socket: socket)
    }
  }

  /// Asks the kernel for these next hops, again for those that it was asked for before, and forgets
  /// the others.
  ///
  /// - Returns: what the kernel refused
  func ask(for wanted: Set<NextHop>) -> [KernelError] {
    var errors: [KernelError] = []
    func request(_ message: NetlinkMessage, _ hop: NextHop, accepting: Set<Int32>) {
      do {
        try socket.request(message, "next hop \(hop.address)", accepting: accepting)
      } catch {
        errors.append(error)
      }
    }
    for hop in asked.subtracting(wanted) {
      guard let twin = twin(port: hop.port) else { continue }
      request(
        RouteMessage.forget(hop.address, link: twin.link), hop, accepting: [ENOENT])
    }
    for hop in wanted {
      guard let twin = twin(port: hop.port) else { continue }
      request(RouteMessage.resolve(hop.address, link: twin.link), hop, accepting: [])
    }
    asked = wanted
    return errors
  }

  /// The whole neighbour table.
  func neighbours() throws(KernelError) -> [NeighbourChange] {
    var all: [NeighbourChange] = []
    try socket.dump(RouteMessage.neighbours(), "neighbours") { message in
      if let change = NeighbourChange(message) { all.append(change) }
    }
    return all
  }

  /// Ends all of it; the twins vanish with their descriptors.
  func stop() {
    watch?.stop()
    watch = nil
    if let path {
      path.stop()
      pathEnded.wait()
    }
    path = nil
    checks?.stop()
    checks = nil
    twins = []
    for device in devices { device.restore(socket) }
    devices = []
  }
}
