/// A TCP or UDP checksum that its sender left to the network device: the field has the sum of the
/// pseudo-header alone, not complemented (Linux's CHECKSUM_PARTIAL, "Checksum Offloads" in the
/// kernel's networking documentation; VIRTIO_NET_HDR_F_NEEDS_CSUM in virtio 1.1, 5.1.6.2).
@frozen
public struct PartialChecksum: Sendable, Equatable {
  /// Where the upper layer begins, from the frame's first byte.
  public var start: Int
  /// Bytes of the upper layer.
  public var length: Int
  /// Where the checksum lies, from the frame's first byte.
  public var field: Int
  /// What lies there: the sum of the pseudo-header.
  public var pseudoHeader: UInt16
  var isUDP: Bool

  /// What looks like one: a field that holds the pseudo-header's sum. Of complete checksums one in
  /// 65,536 does too, which `completed` tells.
  ///
  /// - Parameters:
  ///   - frame: an Ethernet frame, with a VLAN tag and labels or without
  ///   - available: contiguous bytes from there; none is read past them
  ///   - total: bytes of the frame, further buffers included
  public static func find(
    _ frame: UnsafeRawPointer, available: Int, total: Int
  ) -> PartialChecksum? {
    guard available >= 18 else { return nil }
    let isTagged = frame.load16(12) == Ethertype.vlan
    let link = isTagged ? 18 : 14
    var ip = link
    if frame.load16(link &- 2) == Ethertype.mpls {
      let stack = LabelInspector.inspect(
        frame + link, available: available &- link, total: total &- link)
      guard stack.outcome == PacketParser.accepted else { return nil }
      ip = link &+ stack.stackLength
    } else {
      guard frame.load16(link &- 2) == Ethertype.ipv4 || frame.load16(link &- 2) == Ethertype.ipv6
      else { return nil }
    }
    var packet = ParsedPacket()
    let outcome = PacketParser.parse(
      frame + ip, available: available &- ip, total: total &- ip, into: &packet)
    guard outcome == PacketParser.accepted,
      !packet.has(
        ParsedPacket.firstFragment | ParsedPacket.laterFragment | ParsedPacket.icmpError)
    else { return nil }
    let isUDP = packet.protocolNumber == ProtocolNumber.udp
    guard isUDP || packet.protocolNumber == ProtocolNumber.tcp else { return nil }
    let start = ip &+ Int(packet.transportOffset)
    let length = Int(packet.ipLength) &- Int(packet.transportOffset)
    let field = start &+ (isUDP ? 6 : 16)
    let pseudoHeader = folded(
      Checksum.pseudoHeader(
        source: packet.source, destination: packet.destination,
        protocolNumber: packet.protocolNumber, length: length))
    guard frame.load16(field) == pseudoHeader else { return nil }
    return PartialChecksum(
      start: start, length: length, field: field, pseudoHeader: pseudoHeader, isUDP: isUDP)
  }

  /// The checksum that belongs in the field; nil if what is there is complete as it is.
  ///
  /// - Parameter sum: of the upper layer as it lies, the field included (`Checksum.sum`)
  public func completed(sum: UInt16) -> UInt16? {
    guard Self.folded(UInt32(sum) &+ UInt32(pseudoHeader)) != 0xffff else { return nil }
    // Since the field holds the pseudo-header's sum, what is summed up is all that counts. UDP sends
    // 0 as 0xffff (RFC 768).
    return isUDP && sum == 0xffff ? 0xffff : ~sum
  }

  private static func folded(_ sum: UInt32) -> UInt16 {
    let once = (sum & 0xffff) &+ (sum >> 16)
    return UInt16(truncatingIfNeeded: (once & 0xffff) &+ (once >> 16))
  }
}
