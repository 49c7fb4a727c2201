extension PacketParser {
  /// More extension headers than this in one packet are refused.
  @inlinable static var maximumExtensionHeaders: Int { 8 }

  /// RFC 8200 3 and 4.
  @inlinable
  static func parseIPv6(
    _ bytes: UnsafeRawPointer, available: Int, total: Int, into packet: inout ParsedPacket
  ) -> UInt8 {
    guard available >= 40 else { return short(total, 40, .ipShort) }
    let length = 40 &+ Int(bytes.load16(4))
    guard length <= total, length <= 65_535 else { return DropReason.ipTotalLength.rawValue }
    packet.family = 6
    packet.ipLength = UInt16(truncatingIfNeeded: length)
    packet.ttl = bytes.load8(7)
    packet.source = bytes.ipv6Address(8)
    packet.destination = bytes.ipv6Address(24)
    guard canBeSource(packet.source), packet.source != packet.destination else {
      return DropReason.ipAddress.rawValue
    }
    let readable = min(available, length)
    var chain = ExtensionChain(next: bytes.load8(6), offset: 40)
    while chain.stepsInto(bytes, readable: readable) {
      if chain.isFragment {
        let field = bytes.load16(chain.offset &- 6)
        let offset = Int(field & 0xfff8)
        let more = field & 1 != 0
        // Offset 0 and no more to come is an atomic fragment, a whole packet (RFC 6946).
        if offset == 0 && !more { continue }
        packet.fragmentID = bytes.load32(chain.offset &- 4)
        let payload = length &- chain.offset
        let isWhole = isWholeFragment(
          headers: chain.offset &- 48, offset: offset, more: more, payload: payload,
          protocolNumber: chain.next)
        guard isWhole else { return DropReason.fragmentMalformed.rawValue }
        if offset != 0 {
          packet.protocolNumber = chain.next
          packet.transportOffset = UInt16(truncatingIfNeeded: chain.offset)
          packet.traits = ParsedPacket.laterFragment
          return accepted
        }
        packet.traits = ParsedPacket.firstFragment
      }
    }
    if chain.isMalformed {
      return chain.needed <= length && chain.needed > available
        ? DropReason.chain.rawValue : DropReason.ipExtension.rawValue
    }
    packet.protocolNumber = chain.next
    packet.transportOffset = UInt16(truncatingIfNeeded: chain.offset)
    return parseTransport(bytes, available: readable, into: &packet)
  }
}

/// A walk over IPv6 extension headers, one at a time.
@frozen @usableFromInline
struct ExtensionChain {
  /// The header that stands at `offset`.
  @usableFromInline var next: UInt8
  @usableFromInline var offset: Int
  @usableFromInline var steps = 0
  /// Whether the header that was just passed is a fragment header; it ends at `offset`.
  @usableFromInline var isFragment = false
  @usableFromInline var isMalformed = false
  /// Where the header that could not be read would end.
  @usableFromInline var needed = 0

  @inlinable init(next: UInt8, offset: Int) {
    self.next = next
    self.offset = offset
  }

  /// Passes one extension header; false at the upper layer, or when the chain is malformed.
  @inlinable
  mutating func stepsInto(_ bytes: UnsafeRawPointer, readable: Int) -> Bool {
    isFragment = false
    switch next {
    case ProtocolNumber.hopByHop:
      // Only right behind the IPv6 header (RFC 8200 4.1).
      if steps != 0 { return fail(offset) }
    case ProtocolNumber.destinationOptions, ProtocolNumber.routing,
      ProtocolNumber.fragment, ProtocolNumber.authentication:
      break
    default:
      return false
    }
    steps &+= 1
    guard steps <= PacketParser.maximumExtensionHeaders else { return fail(offset) }
    guard offset &+ 8 <= readable else { return fail(offset &+ 8) }
    let field = Int(bytes.load8(offset &+ 1))
    var length = (field &+ 1) &* 8
    switch next {
    case ProtocolNumber.fragment:
      length = 8
      isFragment = true
    case ProtocolNumber.authentication:
      length = (field &+ 2) &* 4
    case ProtocolNumber.routing
    where bytes.load8(offset &+ 2) == 0 && bytes.load8(offset &+ 3) != 0:
      // Type 0 with segments left must not be followed (RFC 5095 3).
      return fail(offset)
    default:
      break
    }
    guard offset &+ length <= readable else { return fail(offset &+ length) }
    next = bytes.load8(offset)
    offset &+= length
    return true
  }

  @inlinable @inline(__always)
  mutating func fail(_ end: Int) -> Bool {
    isMalformed = true
    needed = end
    return false
  }
}
