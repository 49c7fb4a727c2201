import Wire

/// Whether a packet of full size fits a device with a label on it: the routes by the device must leave
/// 4 bytes of its MTU (RFC 3032 2.1).
struct LabelRoom: Sendable {
  static let labelLength: UInt32 = 4
  /// RFC 894.
  static let ethernetMTU: UInt32 = 1500
  private static let namedRoutes = 4

  let device: String
  let mtu: UInt32
  /// What IPv6 takes for the device's MTU (`net.ipv6.conf.DEVICE.mtu`).
  let ipv6MTU: UInt32
  /// Those by the device.
  let routes: [Route]

  static func read(_ device: Device) throws(EndpointFailure) -> LabelRoom {
    let own = try Sysctl.number("net/ipv6/conf/\(device.name)/mtu")
    // No session is with a link-local address, to which each IPv6 device has a route.
    let routes = try Route.read(.unicast).filter {
      $0.interface == device.interface && !$0.destination.address.isLinkLocal
    }
    return LabelRoom(
      device: device.name, mtu: device.mtu, ipv6MTU: min(own ?? device.mtu, device.mtu),
      routes: routes)
  }

  /// What to do so that labelled packets fit; nil: they do.
  var advice: String? {
    let narrow = routes.filter { !hasRoom($0) }
    guard !narrow.isEmpty || routes.isEmpty else { return nil }
    // Once some routes leave room, or the device has been given some, the others are to follow.
    let isRaised =
      narrow.count < routes.count || mtu == LabelRoom.ethernetMTU + LabelRoom.labelLength
    let size = isRaised ? mtu - LabelRoom.labelLength : mtu
    var text =
      "\(device): MTU \(mtu) leaves packets of full size no room for a label"
      + (narrow.count < routes.count ? " on some routes" : "") + ", so they go without. "
    if !isRaised {
      text +=
        "Best: `ip link set dev \(device) mtu \(mtu + LabelRoom.labelLength)` here and on the "
        + "segment; then "
    }
    text += commands(narrow, size).joined(separator: ", ")
    if !isRaised { text += "; else, with the MTU as it is, \(mtu - LabelRoom.labelLength) there" }
    return text
  }

  private func hasRoom(_ route: Route) -> Bool {
    let size = route.mtu ?? (route.destination.address.isIPv4 ? mtu : ipv6MTU)
    return size + LabelRoom.labelLength <= mtu
  }

  /// Those that limit the packets of these routes.
  private func commands(_ routes: [Route], _ size: UInt32) -> [String] {
    if routes.isEmpty { return ["`mtu \(size)` on each route"] }
    var commands: [String] = []
    for route in routes {
      let family = route.destination.address.isIPv4 ? "" : " -6"
      let name = route.destination.length == 0 ? "default" : route.destination.description
      // IPv6's own MTU of the device is that of all routes without another.
      let command =
        route.mtu == nil && !route.destination.address.isIPv4
        ? "`sysctl -w net/ipv6/conf/\(device)/mtu=\(size)`"
        : "`ip\(family) route change $(ip\(family) route show \(name) dev \(device)) dev \(device) "
          + "mtu \(size)`"
      if !commands.contains(command) { commands.append(command) }
    }
    let rest = commands.count - LabelRoom.namedRoutes
    return rest <= 0
      ? commands : commands.prefix(LabelRoom.namedRoutes) + ["and so for \(rest) more routes"]
  }
}
