import Glibc
import Wire

/// A kernel device that a port uses through af_packet or pcap. The kernel sees every frame too: it
/// must have no address there, and drop what it receives, or it would answer beside the appliance.
final class KernelDevice {
  let name: String
  /// What the operator should change so that packets come whole.
  let advice: [LengtheningOffloads.Advice]
  private let drop: IngressDrop

  /// The devices that a port's driver arguments name.
  static func names(in device: String) -> [String] {
    let parts = device.split(separator: ",")
    guard let driver = parts.first,
      driver.hasPrefix("net_pcap") || driver.hasPrefix("net_af_packet")
        || driver.hasPrefix("eth_pcap") || driver.hasPrefix("eth_af_packet")
    else { return [] }
    var names: [String] = []
    for part in parts.dropFirst() {
      let pair = part.split(separator: "=", maxSplits: 1)
      guard pair.count == 2, ["iface", "rx_iface", "rx_iface_in", "tx_iface"].contains(pair[0]),
        !names.contains(String(pair[1]))
      else { continue }
      names.append(String(pair[1]))
    }
    return names
  }

  /// Checks the device and has the kernel drop what it receives there, until this ends.
  init(_ name: String, port: String, socket: NetlinkSocket) throws(KernelError) {
    self.name = name
    let link = unsafe if_nametoindex(name)
    guard link != 0 else {
      throw KernelError(what: "port \(port): device \(name)", code: ENODEV)
    }
    var found: [AddressPrefix] = []
    try socket.dump(RouteMessage.addresses(), "addresses of \(name)") { message in
      if let (at, prefix) = RouteMessage.readAddress(message), at == link {
        found.append(prefix)
      }
    }
    if let first = found.first {
      let remedy =
        first.address.isLinkLocal
        ? "sysctl -w net.ipv6.conf.\(name).disable_ipv6=1"
        : "ip address delete \(first) dev \(name)"
      throw KernelError(
        what:
          "port \(port): the kernel has address \(first) on \(name) and would answer beside the "
          + "appliance; run: \(remedy)", code: EADDRINUSE)
    }
    advice = LengtheningOffloads.of(name).advice(
      device: name, peer: Self.peer(of: link, name, socket)
    ).map { LengtheningOffloads.Advice(text: "port \(port): \($0.text)", isCertain: $0.isCertain) }
    drop = try IngressDrop(link: link, name: name, port: port, socket: socket)
  }

  private static func peer(
    of link: UInt32, _ name: String, _ socket: NetlinkSocket
  ) -> LengtheningOffloads.Peer? {
    var found: VirtualPeer?
    try? socket.dump(RouteMessage.link(link), "link \(name)") { message in
      found = RouteMessage.readVirtualPeer(message) ?? found
    }
    switch found {
    case nil: return nil
    case .elsewhere: return .elsewhere
    case .here(let link):
      var buffer = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
      guard unsafe if_indextoname(link, &buffer) != nil else { return nil }
      let name = String(
        decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      return .here(name, .of(name))
    }
  }

  /// Lets the kernel receive again.
  func restore(_ socket: NetlinkSocket) { drop.end(socket) }
}
