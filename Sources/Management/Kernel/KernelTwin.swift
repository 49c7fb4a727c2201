import CLinux
import Glibc
import Wire

/// A port's TAP device: the kernel's own interface on the port's link. It lives as long as this.
///
/// Not thread-safe but for its descriptor.
final class KernelTwin {
  let port: Int
  let name: String
  let link: UInt32
  let descriptor: Int32
  /// What is set on it, by the address as it was added; virtual ones make no route.
  private var addresses: [AddressPrefix: Bool] = [:]
  private var gateway: IPAddress?
  private var hasIPv6 = false

  /// Creates the device and brings it up, without addresses.
  init(
    _ port: Configuration.Port, index: Int, mac: MACAddress, socket: NetlinkSocket
  ) throws(KernelError) {
    self.port = index
    let names = (Self.fits(port.name) ? [port.name] : []) + ["tag\(index)"]
    var opened: (name: String, descriptor: Int32)?
    var code: Int32 = 0
    for name in names where opened == nil {
      let descriptor = unsafe linux_tap_open(name)
      if descriptor >= 0 { opened = (name, descriptor) } else { code = -descriptor }
    }
    guard let opened else {
      throw KernelError(
        what: "port \(port.name): no TAP device \(names.joined(separator: " or ")), which takes "
          + "CAP_NET_ADMIN and /dev/net/tun", code: code)
    }
    name = opened.name
    descriptor = opened.descriptor
    link = unsafe if_nametoindex(opened.name)
    for (key, value) in Self.settings(of: name) { _ = Sysctl.write(key, value) }
    try socket.request(
      RouteMessage.setLink(link, mac: mac, mtu: port.mtu), "port \(port.name): TAP device \(name)")
  }

  deinit { close(descriptor) }

  /// Whether the kernel takes it as an interface's name.
  private static func fits(_ name: String) -> Bool {
    let allowed = name.utf8.allSatisfy {
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 | 0x20
        || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
        || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
    }
    return allowed && 1...15 ~= name.utf8.count
  }

  /// Answers ARP for its own addresses alone, forwards nothing, takes no advice from the link, lets
  /// answers to virtual addresses leave by other ways than their questions came, and notices soon
  /// when a neighbour's address has changed. IPv6 is off until an address needs it.
  private static func settings(of name: String) -> [(key: String, value: Int)] {
    let ipv4 = "net/ipv4/conf/\(name)/"
    let ipv6 = "net/ipv6/conf/\(name)/"
    var settings = [
      (ipv6 + "disable_ipv6", 1), (ipv6 + "addr_gen_mode", 0), (ipv6 + "accept_ra", 0),
      (ipv6 + "autoconf", 0), (ipv6 + "accept_dad", 0), (ipv6 + "router_solicitations", 0),
      (ipv6 + "accept_redirects", 0), (ipv6 + "forwarding", 0),
      (ipv4 + "arp_ignore", 1), (ipv4 + "arp_announce", 2), (ipv4 + "rp_filter", 2),
      (ipv4 + "accept_redirects", 0), (ipv4 + "send_redirects", 0), (ipv4 + "forwarding", 0),
    ]
    for family in ["ipv4", "ipv6"] {
      let neighbours = "net/\(family)/neigh/\(name)/"
      settings += [
        (neighbours + "base_reachable_time_ms", 5000),
        (neighbours + "delay_first_probe_time", 1),
        (neighbours + "interval_probe_time_ms", 1000),
      ]
    }
    return settings
  }

  /// Gives it these addresses and no others.
  ///
  /// - Parameters:
  ///   - own: the port's, which make routes to their networks
  ///   - virtual: the services', as addresses of one host each
  ///   - gateway: of a default route for where the kernel has no better one
  /// - Returns: what the kernel refused
  func apply(
    own: [AddressPrefix], virtual: [IPAddress], gateway: IPAddress?, socket: NetlinkSocket
  ) -> [KernelError] {
    var wanted: [AddressPrefix: Bool] = [:]
    for address in virtual where !own.contains(where: { $0.address == address }) {
      wanted[AddressPrefix(host: address)] = false
    }
    for prefix in own { wanted[prefix] = true }
    if !hasIPv6, wanted.keys.contains(where: { !$0.address.isIPv4 }) {
      hasIPv6 = true
      _ = Sysctl.write("net/ipv6/conf/\(name)/disable_ipv6", 0)
    }
    var errors: [KernelError] = []
    func attempt(_ message: NetlinkMessage, _ what: String, accepting: Set<Int32>) -> Bool {
      do {
        try socket.request(message, "\(name): \(what)", accepting: accepting)
        return true
      } catch {
        errors.append(error)
        return false
      }
    }
    for (prefix, makesRoute) in addresses where wanted[prefix] != makesRoute {
      let message = RouteMessage.address(prefix, link: link, adds: false, makesRoute: makesRoute)
      if attempt(message, "address \(prefix)", accepting: [EADDRNOTAVAIL]) {
        addresses[prefix] = nil
      }
    }
    for (prefix, makesRoute) in wanted where addresses[prefix] == nil {
      let message = RouteMessage.address(prefix, link: link, adds: true, makesRoute: makesRoute)
      if attempt(message, "address \(prefix)", accepting: [EEXIST]) {
        addresses[prefix] = makesRoute
      }
    }
    if self.gateway != gateway {
      if let old = self.gateway {
        _ = attempt(
          RouteMessage.defaultRoute(through: old, link: link, adds: false), "route",
          accepting: [ESRCH])
      }
      self.gateway = nil
      if let gateway,
        attempt(
          RouteMessage.defaultRoute(through: gateway, link: link, adds: true),
          "default route through \(gateway)", accepting: [EEXIST])
      {
        self.gateway = gateway
      }
    }
    return errors
  }
}
