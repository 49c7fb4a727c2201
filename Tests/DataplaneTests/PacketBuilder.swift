import Foundation

typealias Bytes = [UInt8]

/// A frame, described layer by layer. Everything that can be derived is (lengths, checksums, next
/// protocols), unless it is set by hand. Shares no code with the modules under test.
struct PacketBuilder: Sendable {
  struct LabelEntry: Sendable {
    var label: UInt32
    var trafficClass: UInt8 = 0
    var isBottom: Bool?
    var ttl: UInt8 = 64
  }

  struct Internet: Sendable {
    var source: Bytes
    var destination: Bytes
    var ttl: UInt8 = 64
    var serviceByte: UInt8 = 0
    /// IPv4: the identification; IPv6: of the fragment header, if there is one.
    var identification: UInt32 = 0
    /// IPv4: don't fragment.
    var dontFragment = false
    /// In bytes; with `moreFragments`, or above 0, the packet is a fragment.
    var fragmentOffset = 0
    var moreFragments = false
    /// IPv4 options, or IPv6 extension headers, each as its number and its bytes from the second on.
    var options: Bytes = []
    var extensions: [(number: UInt8, body: Bytes)] = []
    var version: UInt8?
    var headerWords: UInt8?
    var length: Int?
    var checksum: UInt16?
    var protocolNumber: UInt8?

    var isIPv4: Bool { source.count == 4 }
    var isFragment: Bool { moreFragments || fragmentOffset > 0 }
  }

  enum Transport: Sendable {
    case none
    case tcp(TCP)
    case udp(UDP)
    case icmp(type: UInt8, code: UInt8, rest: UInt32)
  }

  struct TCP: Sendable {
    var source: UInt16
    var destination: UInt16
    var flags: Flags
    var sequence: UInt32
    var acknowledgement: UInt32
    var options: Bytes = []
    var window: UInt16 = 65535
    var offsetWords: UInt8?
  }

  struct UDP: Sendable {
    var source: UInt16
    var destination: UInt16
    var length: Int?
  }

  struct Flags: OptionSet, Sendable {
    let rawValue: UInt8
    static let fin = Flags(rawValue: 1)
    static let syn = Flags(rawValue: 2)
    static let rst = Flags(rawValue: 4)
    static let push = Flags(rawValue: 8)
    static let ack = Flags(rawValue: 16)
  }

  var destination: Bytes = [2, 0, 0, 0, 0, 0]
  var source: Bytes = [2, 0, 0, 0, 0, 0]
  /// The whole tag, protocol identifier first.
  var tags: [UInt32] = []
  var labels: [LabelEntry] = []
  var ethertype: UInt16?
  var internet: Internet?
  var transport = Transport.none
  var payload: Bytes = []
  /// What the link pads.
  var padding = 0
  /// The frame ends after so many bytes.
  var cutTo: Int?
}

// Layer by layer. Each returns a changed copy.
extension PacketBuilder {
  func with(_ change: (inout PacketBuilder) -> Void) -> PacketBuilder {
    var copy = self
    change(&copy)
    return copy
  }

  func ethernet(from source: Bytes, to destination: Bytes) -> PacketBuilder {
    with {
      $0.source = source
      $0.destination = destination
    }
  }

  func vlan(_ identifier: UInt16, protocolIdentifier: UInt16 = 0x8100) -> PacketBuilder {
    with { $0.tags.append(UInt32(protocolIdentifier) << 16 | UInt32(identifier)) }
  }

  func untagged() -> PacketBuilder { with { $0.tags = [] } }

  /// Adds an entry below those that are there.
  func mpls(
    _ label: UInt32, ttl: UInt8 = 64, trafficClass: UInt8 = 0, isBottom: Bool? = nil
  ) -> PacketBuilder {
    with {
      $0.labels.append(
        LabelEntry(label: label, trafficClass: trafficClass, isBottom: isBottom, ttl: ttl))
    }
  }

  func unlabelled() -> PacketBuilder { with { $0.labels = [] } }

  /// - Parameters:
  ///   - source, destination: dotted IPv4 or IPv6 text
  func ip(from source: String, to destination: String, ttl: UInt8 = 64) -> PacketBuilder {
    with {
      $0.internet = Internet(
        source: address(source), destination: address(destination), ttl: ttl)
    }
  }

  func ip(_ change: (inout Internet) -> Void) -> PacketBuilder {
    with { packet in
      if var internet = packet.internet {
        change(&internet)
        packet.internet = internet
      }
    }
  }

  func ttl(_ ttl: UInt8) -> PacketBuilder { ip { $0.ttl = ttl } }

  func dontFragment() -> PacketBuilder { ip { $0.dontFragment = true } }

  func tcp(
    from source: UInt16, to destination: UInt16, _ flags: Flags, sequence: UInt32 = 0,
    acknowledgement: UInt32 = 0, options: Bytes = [], payload: Bytes = []
  ) -> PacketBuilder {
    with {
      $0.transport = .tcp(
        TCP(
          source: source, destination: destination, flags: flags, sequence: sequence,
          acknowledgement: acknowledgement, options: options))
      $0.payload = payload
    }
  }

  func tcp(_ change: (inout TCP) -> Void) -> PacketBuilder {
    with { packet in
      if case .tcp(var tcp) = packet.transport {
        change(&tcp)
        packet.transport = .tcp(tcp)
      }
    }
  }

  func udp(from source: UInt16, to destination: UInt16, payload: Bytes = []) -> PacketBuilder {
    with {
      $0.transport = .udp(UDP(source: source, destination: destination))
      $0.payload = payload
    }
  }

  func icmp(_ type: UInt8, _ code: UInt8, rest: UInt32 = 0, payload: Bytes = []) -> PacketBuilder {
    with {
      $0.transport = .icmp(type: type, code: code, rest: rest)
      $0.payload = payload
    }
  }

  /// Bytes in place of the transport header and what follows it.
  func raw(_ bytes: Bytes) -> PacketBuilder {
    with {
      $0.transport = .none
      $0.payload = bytes
    }
  }

  func cut(to count: Int) -> PacketBuilder { with { $0.cutTo = count } }

  func padded(_ count: Int) -> PacketBuilder { with { $0.padding = count } }

  /// The fragments that begin at the given offsets into the IP payload, multiples of 8, the first 0.
  func fragments(at offsets: [Int]) -> [PacketBuilder] {
    let whole = ipPayload
    return offsets.enumerated().map { index, offset in
      let end = index + 1 < offsets.count ? offsets[index + 1] : whole.count
      return with {
        $0.internet?.protocolNumber = transportNumber
        $0.internet?.fragmentOffset = offset
        $0.internet?.moreFragments = end < whole.count
        $0.transport = .none
        $0.payload = Bytes(whole[offset..<end])
      }
    }
  }
}

/// Bytes of an address in text.
func address(_ text: String) -> Bytes {
  var bytes = Bytes(repeating: 0, count: 16)
  if inet_pton(AF_INET, text, &bytes) == 1 { return Bytes(bytes.prefix(4)) }
  precondition(inet_pton(AF_INET6, text, &bytes) == 1, "\(text) is no address")
  return bytes
}

/// `count` bytes that differ from their neighbours.
func filler(_ count: Int) -> Bytes { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 3) } }
