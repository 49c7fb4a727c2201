import Glibc

/// Has the kernel drop what it receives on a device, until this ends.
///
/// A filter of somebody else's there would see nothing any more, and is refused. The appliance's own is
/// what a run left that was killed, and is used again.
struct IngressDrop {
  private let link: UInt32
  /// Whether the hook was made for it.
  private let ownsHook: Bool

  /// - Parameters:
  ///   - name: of the device
  ///   - port: what an error calls the port
  init(link: UInt32, name: String, port: String, socket: NetlinkSocket) throws(KernelError) {
    self.link = link
    let filters = try Self.filters(link, .ingress, socket)
    if let other = filters.first(where: { !$0.isIngressDrop }) {
      throw KernelError(
        what: "port \(port): \(name) has an ingress filter (\(other.kind), preference "
          + "\(other.preference)), which would see nothing any more, since the kernel is to drop "
          + "what it receives there; if nothing needs it, run: tc filter delete dev \(name) ingress "
          + "pref \(other.preference)", code: EEXIST)
    }
    do {
      try socket.request(RouteMessage.clsact(link: link, adds: true), "clsact")
      ownsHook = true
    } catch {
      guard error.code == EEXIST else { throw Self.explained(error, name, port) }
      ownsHook = false
    }
    guard filters.isEmpty else { return }
    do {
      try socket.request(RouteMessage.ingressDrop(link: link, adds: true), "filter")
    } catch {
      throw Self.explained(error, name, port)
    }
  }

  private static func explained(_ error: KernelError, _ name: String, _ port: String) -> KernelError
  {
    KernelError(
      what: "port \(port): the kernel cannot be told to drop what it receives on \(name) "
        + "(\(error.what)), which takes CAP_NET_ADMIN and the kernel's clsact and cls_bpf",
      code: error.code)
  }

  private static func filters(
    _ link: UInt32, _ direction: RouteMessage.Direction, _ socket: NetlinkSocket
  ) throws(KernelError) -> [TrafficFilter] {
    var found: [TrafficFilter] = []
    try socket.dump(RouteMessage.filters(link: link, direction), "filters") { message in
      if let filter = RouteMessage.readFilter(message), filter.handle != 0 { found.append(filter) }
    }
    return found
  }

  /// Lets the kernel receive again. The hook stays if somebody else uses it by now.
  func end(_ socket: NetlinkSocket) {
    let filters = try? Self.filters(link, .ingress, socket)
    if filters?.contains(where: \.isIngressDrop) ?? false {
      try? socket.request(RouteMessage.ingressDrop(link: link, adds: false), "filter")
    }
    let others = (filters ?? []).filter { !$0.isIngressDrop }
    if ownsHook, others.isEmpty, (try? Self.filters(link, .egress, socket))?.isEmpty ?? false {
      try? socket.request(RouteMessage.clsact(link: link, adds: false), "clsact")
    }
  }
}
