/// What a device needs so that packets can take labels.
struct Preparation: Sendable {
  let setting: Setting
  let value: UInt32
  /// Why, in a few words.
  let reason: String

  /// Headers that are to be changed, or packets to be cut, after the label was pushed would be sought
  /// where they stood before.
  private static let offloads = [
    "tx-checksum-ipv4", "tx-checksum-ip-generic", "tx-checksum-ipv6", "tx-checksum-sctp",
    "tx-generic-segmentation", "tx-tcp-segmentation", "tx-tcp-ecn-segmentation",
    "tx-tcp-accecn-segmentation", "tx-tcp-mangleid-segmentation", "tx-tcp6-segmentation",
    "tx-udp-segmentation", "tx-sctp-segmentation", "tx-gso-list",
  ]

  /// All that is not so yet, in the order in which to do it.
  static func needed(
    by device: Device, holdsVirtualAddress: Bool
  ) throws(EndpointFailure) -> [Preparation] {
    var needed: [Preparation] = []
    for name in offloads {
      needed.append(
        Preparation(
          setting: .feature(name), value: 0, reason: "a NIC does not look behind labels"))
    }
    // With all of that off, some packets still reach the egress hook unsegmented.
    needed.append(
      Preparation(
        setting: .gsoMaxSegments, value: 1, reason: "a packet of many segments takes no label"))
    if holdsVirtualAddress {
      let reason = "a virtual address is on lo, and only the appliance answers for it"
      for (name, value) in [("arp_ignore", UInt32(1)), ("arp_announce", 2)] {
        // The kernel goes by the greater of both.
        if let general = try Setting.sysctl(name, of: "all"), general >= value { continue }
        needed.append(Preparation(setting: .arp(name), value: value, reason: reason))
      }
    }
    return needed
  }

  /// Whether what is there is as good.
  func isMet(by value: UInt32) -> Bool {
    if case .arp = setting { value >= self.value } else { value == self.value }
  }
}
