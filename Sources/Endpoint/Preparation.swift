/// What a device needs so that packets can take labels.
struct Preparation: Sendable {
  let setting: Setting
  let value: UInt32
  /// Why, in a few words.
  let reason: String
  /// What becomes of packets where the device does not do it.
  let otherwise: Consequence

  enum Consequence: Equatable, Sendable {
    /// Their checksums would be wrong.
    case wrong
    /// Those of several segments go without label.
    case unlabelled
    /// The virtual address is told, since the value for all devices is greater.
    case told(ARPVariable)
  }

  /// What a device has of it.
  enum Standing: Equatable, Sendable {
    case met
    /// To be changed from this value.
    case due(UInt32)
    case impossible
  }

  /// Headers that are to be changed, or packets to be cut, after the label was pushed would be sought
  /// where they stood before.
  private static let checksums = [
    "tx-checksum-ipv4", "tx-checksum-ip-generic", "tx-checksum-ipv6", "tx-checksum-sctp",
  ]
  private static let segmentations = [
    "tx-generic-segmentation", "tx-tcp-segmentation", "tx-tcp-ecn-segmentation",
    "tx-tcp-accecn-segmentation", "tx-tcp-mangleid-segmentation", "tx-tcp6-segmentation",
    "tx-udp-segmentation", "tx-sctp-segmentation", "tx-gso-list",
  ]

  /// All, in the order in which to do it.
  static func needed(holdsVirtualAddress: Bool) -> [Preparation] {
    var needed: [Preparation] = []
    for (names, otherwise) in [(checksums, Consequence.wrong), (segmentations, .unlabelled)] {
      needed += names.map { name in
        Preparation(
          setting: .feature(name), value: 0, reason: "a NIC does not look behind labels",
          otherwise: otherwise)
      }
    }
    // With all of that off, some packets still reach the egress hook unsegmented.
    needed.append(
      Preparation(
        setting: .gsoMaxSegments, value: 1, reason: "a packet of many segments takes no label",
        otherwise: .unlabelled))
    if holdsVirtualAddress {
      let reason = "a virtual address is on lo, and only the appliance answers for it"
      needed += ARPVariable.allCases.map { variable in
        Preparation(
          setting: .arp(variable), value: variable.value, reason: reason,
          otherwise: .told(variable))
      }
    }
    return needed
  }

  func standing(on device: Device) throws(EndpointFailure) -> Standing {
    if let now = try setting.read(device), !isMet(by: try setting.effect(of: now)) {
      return isMet(by: try setting.effect(of: value)) ? .due(now) : .impossible
    }
    return try isInEffect(on: device) ? .met : .impossible
  }

  /// Whether the device goes by it, or has nothing of the kind.
  func isInEffect(on device: Device) throws(EndpointFailure) -> Bool {
    try setting.readInEffect(device).map(isMet) ?? true
  }

  private func isMet(by now: UInt32) -> Bool { setting.isMet(by: now, wanted: value) }
}
