/// What a port's device does by itself, and what is done in software in its place.
public struct PortAbilities: Sendable, Equatable {
  /// Who does a thing.
  public enum Doer: String, Sendable {
    case device, software
  }

  /// Packets that the device hashes by addresses and ports.
  public struct Hashes: OptionSet, Sendable {
    public let rawValue: UInt8

    public static let tcp4 = Hashes(rawValue: 1)
    public static let udp4 = Hashes(rawValue: 2)
    public static let tcp6 = Hashes(rawValue: 4)
    public static let udp6 = Hashes(rawValue: 8)
    public static let all: Hashes = [tcp4, udp4, tcp6, udp6]

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Such as `TCP/IPv4, UDP/IPv4`.
    var text: String {
      let names: [(Hashes, String)] = [
        (.tcp4, "TCP/IPv4"), (.udp4, "UDP/IPv4"), (.tcp6, "TCP/IPv6"), (.udp6, "UDP/IPv6"),
      ]
      return names.filter { contains($0.0) }.map(\.1).joined(separator: ", ")
    }
  }

  public var rxQueues: Int
  public var txQueues: Int
  public var workers: Int
  /// Whether the device took the MTU; what goes out is held to it in software in any case.
  public var mtu: Doer
  /// Who drops frames for other addresses.
  public var macFilter: Doer
  /// What the device puts on its owner's queue by the symmetric hash; nothing where software spreads
  /// it all.
  public var hashes: Hashes
  /// Whether the device could hand its hash over with a packet. It is not asked to: the owner's hash is
  /// worked out in software where it is needed.
  public var givesHash: Bool
  /// Whether packets may come with checksums that their senders left to a device.
  public var hasPartialChecksums: Bool

  /// Who finds the worker that owns an unlabelled packet.
  public var rss: Doer { hashes.isEmpty ? .software : .device }

  /// Where labelled packets come in: no device is asked to hash labels.
  public var labels: String {
    rxQueues == 1
      ? "one queue, switched there"
      : "the queues that the device puts unhashed packets on, switched there"
  }

  /// How TCP and UDP checksums come to be right.
  public var checksums: String {
    hasPartialChecksums ? "completed in software" : "complete as received"
  }

  private var spreading: String {
    if hashes.isEmpty { return "RSS by software" }
    let byDevice = "RSS by the device (symmetric Toeplitz)"
    return hashes == .all ? byDevice : "\(byDevice) for \(hashes.text), by software for the rest"
  }

  /// All of it in one line.
  public var text: String {
    var parts = [
      "MTU by \(mtu.phrase)", "MAC filter by \(macFilter.phrase)", "VLAN tag by software",
    ]
    if workers == 1 {
      parts.append("one worker: nothing to spread")
    } else {
      parts.append(spreading)
      parts.append("labels not hashed: on \(labels)")
      if txQueues < workers {
        parts.append("\(workers - txQueues) of \(workers) workers send by rings")
      }
    }
    parts.append("checksums \(checksums)")
    return parts.joined(separator: "; ")
  }
}

extension PortAbilities.Doer {
  fileprivate var phrase: String { self == .device ? "the device" : "software" }
}

/// The state of a port's link.
public struct PortLink: Sendable, Equatable {
  public var isUp: Bool
  /// Mbit/s; nil where the device does not know.
  public var speed: Int?

  /// Such as `up at 25 Gbit/s`.
  public var text: String {
    guard isUp else { return "down" }
    guard let speed, speed > 0 else { return "up" }
    return speed % 1000 == 0 ? "up at \(speed / 1000) Gbit/s" : "up at \(speed) Mbit/s"
  }
}
