/// What the packet analyser found in an IP packet. Offsets count from the IP header's first byte.
@frozen
public struct ParsedPacket: Sendable {
  public var source = IPAddress(high: 0, low: 0)
  public var destination = IPAddress(high: 0, low: 0)
  /// Source port in the low half, destination port in the high half, as numbers. 0 where the packet
  /// has none: ICMP, and fragments that are not the first.
  public var ports: UInt32 = 0
  public var tcpSequence: UInt32 = 0
  public var tcpAcknowledgement: UInt32 = 0
  /// The datagram's identification; only of a fragment.
  public var fragmentID: UInt32 = 0
  /// IP header and payload, without what the link padded.
  public var ipLength: UInt16 = 0
  public var transportOffset: UInt16 = 0
  /// Bytes behind the TCP header; 0 for other protocols.
  public var tcpPayloadLength: UInt16 = 0
  public var tcpHeaderLength: UInt8 = 0
  /// Control bits, as `TCPFlags`; those that it does not name are 0.
  public var tcpFlags: UInt8 = 0
  /// 4 or 6.
  public var family: UInt8 = 0
  /// The upper-layer protocol, behind all extension headers. Of an ICMP error: that of the packet
  /// that it quotes.
  public var protocolNumber: UInt8 = 0
  public var ttl: UInt8 = 0
  public var traits: UInt8 = 0

  public init() {}
}

extension ParsedPacket {
  public static let firstFragment: UInt8 = 1
  public static let laterFragment: UInt8 = 2
  /// IPv4 only: IPv6 routers never fragment.
  public static let dontFragment: UInt8 = 4
  /// An ICMP error. Addresses and ports are those of the quoted packet *turned round*, so that the
  /// error is found under the session and direction that it travels in.
  public static let icmpError: UInt8 = 8

  @inlinable @inline(__always)
  public func has(_ trait: UInt8) -> Bool { traits & trait != 0 }

  @inlinable @inline(__always)
  public var sourcePort: UInt16 { UInt16(truncatingIfNeeded: ports) }

  @inlinable @inline(__always)
  public var destinationPort: UInt16 { UInt16(truncatingIfNeeded: ports >> 16) }

  @inlinable @inline(__always)
  public func hasTCPFlag(_ flag: UInt8) -> Bool { tcpFlags & flag != 0 }

  /// A SYN that starts a session: without ACK.
  @inlinable @inline(__always)
  public var isInitialSYN: Bool { tcpFlags & (TCPFlags.syn | TCPFlags.ack) == TCPFlags.syn }

  /// The segment's length in sequence space: SYN and FIN count one each (RFC 9293 3.4).
  @inlinable @inline(__always)
  public var tcpSequenceLength: UInt32 {
    UInt32(tcpPayloadLength) &+ UInt32(tcpFlags & TCPFlags.fin)
      &+ UInt32((tcpFlags & TCPFlags.syn) >> 1)
  }
}
