extension PacketParser {
  /// Reads the upper layer of an unfragmented packet or a first fragment.
  ///
  /// - Parameter available: contiguous bytes from the IP header, link padding excluded
  @inlinable @inline(__always)
  static func parseTransport(
    _ bytes: UnsafeRawPointer, available: Int, into packet: inout ParsedPacket
  ) -> UInt8 {
    let offset = Int(packet.transportOffset)
    let payload = Int(packet.ipLength) &- offset
    let readable = available &- offset
    let transport = bytes + offset
    switch packet.protocolNumber {
    case ProtocolNumber.tcp:
      guard readable >= 20 else { return short(payload, 20, .transportShort) }
      return parseTCP(transport, readable: readable, payload: payload, into: &packet)
    case ProtocolNumber.udp:
      guard readable >= 8 else { return short(payload, 8, .transportShort) }
      return parseUDP(transport, payload: payload, into: &packet)
    case ProtocolNumber.icmp where packet.family == 4,
      ProtocolNumber.icmpv6 where packet.family == 6:
      guard readable >= 8 else { return short(payload, 8, .transportShort) }
      return parseICMP(transport, readable: readable, payload: payload, into: &packet)
    default:
      return DropReason.protocol.rawValue
    }
  }

  /// RFC 9293 3.1.
  @inlinable @inline(__always)
  static func parseTCP(
    _ tcp: UnsafeRawPointer, readable: Int, payload: Int, into packet: inout ParsedPacket
  ) -> UInt8 {
    let headerLength = Int(tcp.load8(12) >> 4) &* 4
    guard headerLength >= 20, headerLength <= payload else { return DropReason.tcpOffset.rawValue }
    // Options are rewritten where they lie, so they too must lie in the first buffer.
    guard headerLength <= readable else { return DropReason.chain.rawValue }
    let control = tcp.load8(13)
    let flags = control & (TCPFlags.fin | TCPFlags.syn | TCPFlags.rst | TCPFlags.ack)
    let opposed = flags & (TCPFlags.fin | TCPFlags.syn | TCPFlags.rst)
    guard flags != 0, opposed & (opposed &- 1) == 0 else { return DropReason.tcpFlags.rawValue }
    packet.ports = UInt32(tcp.load16(0)) | UInt32(tcp.load16(2)) << 16
    packet.tcpSequence = tcp.load32(4)
    packet.tcpAcknowledgement = tcp.load32(8)
    packet.tcpFlags = flags | control & TCPFlags.psh
    packet.tcpHeaderLength = UInt8(truncatingIfNeeded: headerLength)
    packet.tcpPayloadLength = UInt16(truncatingIfNeeded: payload &- headerLength)
    return accepted
  }

  /// RFC 768. Of a first fragment the length is that of the whole datagram.
  @inlinable @inline(__always)
  static func parseUDP(
    _ udp: UnsafeRawPointer, payload: Int, into packet: inout ParsedPacket
  ) -> UInt8 {
    let length = Int(udp.load16(4))
    guard length >= 8, length <= payload || packet.has(ParsedPacket.firstFragment) else {
      return DropReason.udpLength.rawValue
    }
    packet.ports = UInt32(udp.load16(0)) | UInt32(udp.load16(2)) << 16
    return accepted
  }

  /// RFC 792, RFC 4443. An error stands for the session whose packet it quotes; anything else is
  /// left with protocol ICMP and no ports.
  @inlinable
  static func parseICMP(
    _ icmp: UnsafeRawPointer, readable: Int, payload: Int, into packet: inout ParsedPacket
  ) -> UInt8 {
    let type = icmp.load8(0)
    // Destination unreachable, time exceeded, parameter problem; for ICMPv6 packet too big as well.
    let isError =
      packet.family == 4 ? type == 3 || type == 11 || type == 12 : type >= 1 && type <= 4
    guard isError else { return accepted }
    // An error never needs fragmenting: it quotes no more than fits the least MTU.
    guard !packet.has(ParsedPacket.firstFragment) else { return DropReason.icmpQuote.rawValue }
    let quote = icmp + 8
    let count = readable &- 8
    let outerDestination = packet.destination
    guard readQuote(quote, count: count, into: &packet) else {
      return payload > readable ? DropReason.chain.rawValue : DropReason.icmpQuote.rawValue
    }
    // The error goes to whom the quoted packet came from (RFC 1122 3.2.2).
    guard packet.destination == outerDestination else { return DropReason.icmpQuote.rawValue }
    packet.traits |= ParsedPacket.icmpError
    return accepted
  }

  /// Reads the quoted packet's addresses and ports into `packet`, turned round.
  @inlinable
  static func readQuote(
    _ quote: UnsafeRawPointer, count: Int, into packet: inout ParsedPacket
  ) -> Bool {
    var offset: Int
    if packet.family == 4 {
      guard count >= 28, quote.load8(0) >> 4 == 4 else { return false }
      offset = Int(quote.load8(0) & 0x0f) &* 4
      // A quoted fragment that is not the first has no ports.
      guard offset >= 20, quote.load16(6) & 0x1fff == 0 else { return false }
      packet.protocolNumber = quote.load8(9)
      packet.source = quote.ipv4Address(16)
      packet.destination = quote.ipv4Address(12)
    } else {
      guard count >= 40, quote.load8(0) >> 4 == 6 else { return false }
      var chain = ExtensionChain(next: quote.load8(6), offset: 40)
      while chain.stepsInto(quote, readable: count) {
        if chain.isFragment && quote.load16(chain.offset &- 6) & 0xfff8 != 0 { return false }
      }
      guard !chain.isMalformed else { return false }
      offset = chain.offset
      packet.protocolNumber = chain.next
      packet.source = quote.ipv6Address(24)
      packet.destination = quote.ipv6Address(8)
    }
    guard offset &+ 4 <= count else { return false }
    guard packet.protocolNumber == ProtocolNumber.tcp || packet.protocolNumber == ProtocolNumber.udp
    else { return false }
    packet.ports = UInt32(quote.load16(offset &+ 2)) | UInt32(quote.load16(offset)) << 16
    return true
  }
}
