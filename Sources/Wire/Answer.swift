/// Packets that the appliance makes itself, written over or in front of the packet that they answer.
///
/// All have TTL 64, come from the address that the answered packet went to, and go to its source.
public enum Answer {
  @inlinable static var ttl: UInt8 { 64 }

  /// Length of a RST's IP packet in bytes.
  @inlinable
  public static func resetLength(family: UInt8) -> Int { family == 4 ? 40 : 60 }

  /// Writes a RST over the IP packet of a segment (RFC 9293 3.10.7.1, the CLOSED state): to a
  /// segment with ACK `<SEQ=SEG.ACK><CTL=RST>`, else `<SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>`.
  ///
  /// - Parameters:
  ///   - ip: the IP header's first byte; `resetLength` bytes are writable
  ///   - packet: what the analyser read there
  public static func writeReset(_ ip: UnsafeMutableRawPointer, to packet: ParsedPacket) {
    let length = resetLength(family: packet.family)
    let headerLength = length &- 20
    writeHeader(
      ip, family: packet.family, protocolNumber: ProtocolNumber.tcp, length: length,
      source: packet.destination, destination: packet.source)
    let tcp = ip + headerLength
    let hadAcknowledgement = packet.hasTCPFlag(TCPFlags.ack)
    tcp.store16(packet.destinationPort, 0)
    tcp.store16(packet.sourcePort, 2)
    tcp.store32(hadAcknowledgement ? packet.tcpAcknowledgement : 0, 4)
    tcp.store32(hadAcknowledgement ? 0 : packet.tcpSequence &+ packet.tcpSequenceLength, 8)
    tcp.store16(
      0x5000 | UInt16(hadAcknowledgement ? TCPFlags.rst : TCPFlags.rst | TCPFlags.ack), 12)
    tcp.store16(0, 14)
    tcp.store32(0, 16)
    let pseudo = Checksum.pseudoHeader(
      source: packet.destination, destination: packet.source, protocolNumber: ProtocolNumber.tcp,
      length: 20)
    tcp.store16(~Checksum.sum(tcp, count: 20, initial: pseudo), 16)
  }

  /// Bytes of an ICMP error before the packet that it quotes.
  @inlinable
  public static func errorHeaderLength(family: UInt8) -> Int { family == 4 ? 28 : 48 }

  /// Bytes of the offending packet that an error quotes at most: the whole error stays within 576
  /// bytes (RFC 1812 4.3.2.3) or the least IPv6 MTU of 1280 (RFC 4443 2.4).
  @inlinable
  public static func errorQuoteLimit(family: UInt8) -> Int { family == 4 ? 548 : 1232 }

  /// Writes the headers of an ICMP error in front of the packet that it quotes.
  ///
  /// - Parameters:
  ///   - ip: where the error's IP header begins, `errorHeaderLength` bytes before the quoted packet
  ///   - quoteLength: contiguous bytes of the quoted packet that the error has
  ///   - packet: the quoted packet as the analyser read it
  ///   - type, code: RFC 792, RFC 4443
  ///   - parameter: the header's last word: a next-hop MTU (RFC 1191 4, RFC 4443 3.2) or 0
  public static func writeError(
    _ ip: UnsafeMutableRawPointer, quoteLength: Int, about packet: ParsedPacket,
    type: UInt8, code: UInt8, parameter: UInt32
  ) {
    let headerLength = errorHeaderLength(family: packet.family)
    let protocolNumber = packet.family == 4 ? ProtocolNumber.icmp : ProtocolNumber.icmpv6
    writeHeader(
      ip, family: packet.family, protocolNumber: protocolNumber,
      length: headerLength &+ quoteLength,
      source: packet.destination, destination: packet.source)
    let icmp = ip + (headerLength &- 8)
    let count = 8 &+ quoteLength
    icmp.store8(type, 0)
    icmp.store8(code, 1)
    icmp.store16(0, 2)
    icmp.store32(parameter, 4)
    let pseudo =
      packet.family == 4
      ? 0
      : Checksum.pseudoHeader(
        source: packet.destination, destination: packet.source, protocolNumber: protocolNumber,
        length: count)
    icmp.store16(~Checksum.sum(icmp, count: count, initial: pseudo), 2)
  }

  static func writeHeader(
    _ ip: UnsafeMutableRawPointer, family: UInt8, protocolNumber: UInt8, length: Int,
    source: IPAddress, destination: IPAddress
  ) {
    if family == 4 {
      ip.store32(0x4500_0000 | UInt32(truncatingIfNeeded: length), 0)
      // Atomic datagrams need no identification of their own (RFC 6864 4.1).
      ip.store32(0x0000_4000, 4)
      ip.store16(UInt16(ttl) << 8 | UInt16(protocolNumber), 8)
      ip.store16(0, 10)
      ip.storeBytes(of: source.ipv4Word, toByteOffset: 12, as: UInt32.self)
      ip.storeBytes(of: destination.ipv4Word, toByteOffset: 16, as: UInt32.self)
      ip.store16(~Checksum.sum(ip, count: 20), 10)
    } else {
      ip.store32(0x6000_0000, 0)
      ip.store16(UInt16(truncatingIfNeeded: length &- 40), 4)
      ip.store8(protocolNumber, 6)
      ip.store8(ttl, 7)
      ip.storeBytes(of: source.high, toByteOffset: 8, as: UInt64.self)
      ip.storeBytes(of: source.low, toByteOffset: 16, as: UInt64.self)
      ip.storeBytes(of: destination.high, toByteOffset: 24, as: UInt64.self)
      ip.storeBytes(of: destination.low, toByteOffset: 32, as: UInt64.self)
    }
  }
}
