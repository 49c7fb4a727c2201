import CLinux

/// The other end of a veth pair.
enum VirtualPeer: Equatable {
  /// In this network namespace, by its number.
  case here(UInt32)
  case elsewhere
}

/// Offloads of a kernel device that are on and make packets longer than its link: they merge received
/// segments, or send them as one through a veth pair. Such a packet does not fit a frame of af_packet's
/// ring and is cut off there, so that TCP connections stall.
struct LengtheningOffloads: OptionSet, Sendable {
  /// What is at the other end of the device.
  enum Peer: Equatable {
    case here(String, LengtheningOffloads)
    case elsewhere
  }

  /// What the operator should do about a device.
  struct Advice {
    let text: String
    /// Whether it is known to be needed.
    let isCertain: Bool
  }

  let rawValue: Int32

  static let genericReceive = LengtheningOffloads(rawValue: LINUX_OFFLOAD_GRO)
  static let largeReceive = LengtheningOffloads(rawValue: LINUX_OFFLOAD_LRO)
  static let tcpSegmentation = LengtheningOffloads(rawValue: LINUX_OFFLOAD_TSO)

  /// Those of a device; none where the kernel does not say.
  static func of(_ device: String) -> LengtheningOffloads {
    LengtheningOffloads(rawValue: max(0, unsafe linux_offloads(device)))
  }

  /// What the operator should do; none where all is well.
  ///
  /// - Parameter peer: of a veth device
  func advice(device: String, peer: Peer?) -> [Advice] {
    var lines: [Advice] = []
    func add(_ text: String, isCertain: Bool = true) {
      lines.append(Advice(text: text, isCertain: isCertain))
    }
    let merging = ["gro": contains(.genericReceive), "lro": contains(.largeReceive)]
      .filter(\.value).keys.sorted()
    if !merging.isEmpty {
      let command = merging.map { "\($0) off" }.joined(separator: " ")
      add(
        "\(device) merges received segments into packets that are longer than the link and are cut "
          + "off; run: ethtool -K \(device) \(command)")
    }
    switch peer {
    case .here(let name, let offloads) where offloads.contains(.tcpSegmentation):
      add(
        "\(name), the other end of \(device), sends TCP segments that are longer than the link and "
          + "are cut off; run: ethtool -K \(name) tso off gso off")
    case .elsewhere:
      add(
        "the other end of \(device) is in another network namespace; unless it has been done, run "
          + "there: ethtool -K DEVICE tso off gso off, or TCP segments that are longer than the link "
          + "are cut off", isCertain: false)
    case .here, nil: break
    }
    return lines
  }
}
