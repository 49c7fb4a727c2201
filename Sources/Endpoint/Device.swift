import CBPFShim
import Glibc
import Wire

/// A network device as the kernel has it now.
struct Device: Sendable {
  let name: String
  let interface: Int32
  let mac: MACAddress
  /// Bytes of IP packet.
  let mtu: UInt32
  let gsoMaxSegments: UInt32

  /// nil: there is none of this name.
  static func find(_ name: String) throws(EndpointFailure) -> Device? {
    guard isName(name) else {
      throw .refused("'\(name)' is no device's name; `ip link` lists them")
    }
    var link = endpoint_link()
    let result = unsafe endpoint_link_read(name, &link)
    if result == -ENODEV { return nil }
    try check(result, "reading device \(name)")
    guard link.is_ethernet != 0 else {
      throw .refused("\(name) is no Ethernet device: labels stand behind an Ethernet header")
    }
    return Device(
      name: name, interface: link.interface, mac: MACAddress(word: link.mac), mtu: link.mtu,
      gsoMaxSegments: link.gso_max_segments)
  }

  /// As `find`, where it must be there.
  static func existing(_ name: String) throws(EndpointFailure) -> Device {
    guard let device = try find(name) else {
      throw .refused("there is no device \(name) here; `ip link` lists them")
    }
    return device
  }

  /// What the kernel takes for a name, but for those that would lead a path astray.
  private static func isName(_ name: String) -> Bool {
    (1...15).contains(name.utf8.count) && name != "." && name != ".."
      && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
  }
}
