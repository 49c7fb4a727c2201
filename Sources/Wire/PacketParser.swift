/// The packet analyser's reader: IPv4 or IPv6 with all that stands before the upper layer, then
/// TCP, UDP or ICMP.
///
/// No byte is read at or past `available`. A packet that lies in several buffers is read in its first
/// one: headers split over buffers are refused.
public enum PacketParser {
  /// What `parse` answers for a packet that holds together.
  public static let accepted: UInt8 = 0

  /// Reads an IP packet.
  ///
  /// - Parameters:
  ///   - bytes: the IP header's first byte
  ///   - available: contiguous bytes from there
  ///   - total: bytes of the frame from there, further buffers and link padding included
  ///   - packet: filled as far as the packet could be read
  /// - Returns: `accepted`, or a `DropReason`'s raw value
  @inlinable
  public static func parse(
    _ bytes: UnsafeRawPointer, available: Int, total: Int, into packet: inout ParsedPacket
  ) -> UInt8 {
    guard available > 0 else { return short(total, 1, DropReason.ipShort) }
    packet.ports = 0
    packet.traits = 0
    packet.tcpFlags = 0
    packet.tcpPayloadLength = 0
    switch bytes.load8(0) >> 4 {
    case 4:
      return parseIPv4(
        bytes, available: available, total: total, isPlain: false, into: &packet)
    case 6: return parseIPv6(bytes, available: available, total: total, into: &packet)
    default: return DropReason.ipVersion.rawValue
    }
  }

  /// Reads a packet in one buffer that is known to be IPv4 with a header of 20 bytes, no fragment,
  /// or IPv6.
  ///
  /// - Returns: as `parse`
  @inlinable @inline(__always)
  public static func parsePlain(
    _ bytes: UnsafeRawPointer, available: Int, into packet: inout ParsedPacket
  ) -> UInt8 {
    if bytes.load8(0) == 0x45 {
      return parseIPv4(
        bytes, available: available, total: available, isPlain: true, into: &packet)
    }
    return parse(bytes, available: available, total: available, into: &packet)
  }

  /// Why bytes that are needed cannot be read: the packet ends before them, or its first buffer does.
  @inlinable @inline(__always)
  static func short(_ total: Int, _ needed: Int, _ reason: DropReason) -> UInt8 {
    total < needed ? reason.rawValue : DropReason.chain.rawValue
  }

  /// Whether an address may be a source: not unspecified, loopback, multicast or broadcast
  /// (RFC 1812 5.3.7, RFC 4291 2.5 and 2.7).
  @inlinable @inline(__always)
  public static func canBeSource(_ address: IPAddress) -> Bool {
    if address.isLoopback { return false }
    if address.isIPv4 {
      let first = UInt8(truncatingIfNeeded: address.low >> 32)
      return first != 0 && first < 224
    }
    return !address.isUnspecified && !address.isMulticast
  }
}
