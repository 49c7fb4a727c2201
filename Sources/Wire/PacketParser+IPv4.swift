extension PacketParser {
  /// RFC 791 3.1, checked as RFC 1812 5.2.2 asks.
  ///
  /// - Parameter isPlain: whether the header is known to be all there, to have no options, and to be
  ///   no fragment's
  @inlinable @inline(__always)
  static func parseIPv4(
    _ bytes: UnsafeRawPointer, available: Int, total: Int, isPlain: Bool,
    into packet: inout ParsedPacket
  ) -> UInt8 {
    guard isPlain || available >= 20 else { return short(total, 20, .ipShort) }
    let headerLength = isPlain ? 20 : Int(bytes.load8(0) & 0x0f) &* 4
    guard headerLength >= 20, headerLength <= total else {
      return DropReason.ipHeaderLength.rawValue
    }
    guard headerLength <= available else { return DropReason.chain.rawValue }
    let length = Int(bytes.load16(2))
    guard length >= headerLength, length <= total else { return DropReason.ipTotalLength.rawValue }
    let isValid =
      headerLength == 20
      ? Checksum.isValidIPv4Header(bytes) : Checksum.sum(bytes, count: headerLength) == 0xffff
    guard isValid else {
      return DropReason.ipChecksum.rawValue
    }
    packet.family = 4
    packet.ipLength = UInt16(truncatingIfNeeded: length)
    packet.transportOffset = UInt16(truncatingIfNeeded: headerLength)
    packet.ttl = bytes.load8(8)
    packet.protocolNumber = bytes.load8(9)
    packet.source = bytes.ipv4Address(12)
    packet.destination = bytes.ipv4Address(16)
    guard canBeSource(packet.source), packet.source != packet.destination else {
      return DropReason.ipAddress.rawValue
    }
    let fragment = bytes.load16(6)
    if fragment & 0x4000 != 0 { packet.traits = ParsedPacket.dontFragment }
    if !isPlain, fragment & 0x3fff != 0 {
      let offset = Int(fragment & 0x1fff) &* 8
      let more = fragment & 0x2000 != 0
      packet.fragmentID = UInt32(bytes.load16(4))
      let isWhole = isWholeFragment(
        headers: headerLength, offset: offset, more: more, payload: length &- headerLength,
        protocolNumber: packet.protocolNumber)
      guard isWhole else { return DropReason.fragmentMalformed.rawValue }
      if offset != 0 {
        packet.traits |= ParsedPacket.laterFragment
        return accepted
      }
      packet.traits |= ParsedPacket.firstFragment
    }
    return parseTransport(bytes, available: min(available, length), into: &packet)
  }

  /// Whether a fragment can be one: eight-byte units unless it is the last, some payload, and its end
  /// within the largest datagram (RFC 791 3.1, RFC 8200 4.5). A TCP fragment at eight bytes hides the
  /// flags (RFC 1858 3).
  ///
  /// - Parameter headers: bytes that the whole datagram's 16-bit length counts besides the fragments'
  ///   payloads: IPv4's header, or IPv6's extension headers in front of the fragment header
  @inlinable @inline(__always)
  static func isWholeFragment(
    headers: Int, offset: Int, more: Bool, payload: Int, protocolNumber: UInt8
  ) -> Bool {
    if payload == 0 || headers &+ offset &+ payload > 65_535 { return false }
    if more && payload & 7 != 0 { return false }
    return offset != 8 || protocolNumber != ProtocolNumber.tcp
  }
}
