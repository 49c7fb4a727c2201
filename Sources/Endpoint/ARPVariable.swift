/// By which a host answers and asks ARP (the kernel's ip-sysctl.rst; `arp_ignore` and `arp_solicit` in
/// net/ipv4/arp.c). It goes by the greater of a device's value and that of `all`.
enum ARPVariable: String, CaseIterable, Sendable {
  case ignore = "arp_ignore"
  case announce = "arp_announce"

  /// The least that keeps an address of another device, as lo is, from being told.
  var value: UInt32 { self == .ignore ? 1 : 2 }

  /// Whether this value keeps it so.
  func hides(_ value: UInt32) -> Bool {
    switch self {
    // 1 and 2 answer for the device's own addresses, 8 for none. 3 leaves out but those of scope host,
    // and the rest is as 0.
    case .ignore: [1, 2, 8].contains(value)
    // 1 keeps back but what is not of the segment's prefix, and past 2 it is as 0.
    case .announce: value == 2
    }
  }

  /// The value of a device, or of `all`; nil: there is none.
  func read(_ device: String) throws(EndpointFailure) -> UInt32? {
    try Sysctl.number(name(device))
  }

  func write(_ value: UInt32, _ device: String) throws(EndpointFailure) {
    try Sysctl.set(name(device), value)
  }

  private func name(_ device: String) -> String { "net/ipv4/conf/\(device)/\(rawValue)" }
}
