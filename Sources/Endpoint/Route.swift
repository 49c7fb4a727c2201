import CBPFShim
import Wire

/// A route of the kernel (rtnetlink).
struct Route: Sendable {
  let destination: AddressPrefix
  /// Index of the device; of local routes, that which has the address.
  let interface: Int32
  /// The route's own MTU in bytes; nil: the device's.
  let mtu: UInt32?

  enum Kind {
    /// What the host takes as its own.
    case local
    /// What it sends: table `main`.
    case unicast
  }

  static func read(_ kind: Kind) throws(EndpointFailure) -> [Route] {
    let kind = kind == .local ? ENDPOINT_ROUTES_LOCAL : ENDPOINT_ROUTES_UNICAST
    var capacity = 256
    while true {
      var routes = [endpoint_route](repeating: endpoint_route(), count: capacity)
      let count = unsafe endpoint_routes_read(kind, &routes, CInt(capacity))
      try check(count, "reading the routes")
      if Int(count) <= capacity { return routes.prefix(Int(count)).map(Route.init) }
      // They may become more between two readings.
      capacity = Int(count) * 2
    }
  }
}

extension Route {
  fileprivate init(_ route: endpoint_route) {
    let address =
      route.family == 4
      ? IPAddress(ipv4Word: UInt32(truncatingIfNeeded: route.high))
      : IPAddress(high: route.high, low: route.low)
    destination = AddressPrefix(address: address, length: Int(route.length)).network
    interface = Int32(bitPattern: route.interface)
    mtu = route.mtu == 0 ? nil : route.mtu
  }
}
