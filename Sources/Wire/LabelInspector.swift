/// What stands between an MPLS frame's ethertype and its IP packet.
@frozen
public struct LabelInspection: Sendable {
  /// `PacketParser.accepted`, or a `DropReason`'s raw value.
  public var outcome: UInt8
  /// Whether explicit null stood on top: the sender understands labels.
  public var hadExplicitNull: Bool
  /// Whether `entry` is a session label; false when only explicit nulls were there.
  public var hasSessionLabel: Bool
  /// The session label's entry; its TTL is that of the outermost entry, which explicit null hands
  /// on (uniform model, RFC 3443 3.1). Without a session label only the TTL counts.
  public var entry: LabelStackEntry
  /// Bytes from the first entry to the IP header.
  public var stackLength: Int

  @inlinable @inline(__always)
  init(
    outcome: UInt8, hadExplicitNull: Bool = false, hasSessionLabel: Bool = false,
    entry: LabelStackEntry = LabelStackEntry(rawValue: 0), stackLength: Int = 0
  ) {
    self.outcome = outcome
    self.hadExplicitNull = hadExplicitNull
    self.hasSessionLabel = hasSessionLabel
    self.entry = entry
    self.stackLength = stackLength
  }
}

/// The label inspector: those label tests that need nothing but the packet, in their order: length,
/// explicit null, reserved, S, TTL, payload nibble.
public enum LabelInspector {
  /// - Parameters:
  ///   - bytes: the first label stack entry
  ///   - available: contiguous bytes from there; none is read past them
  ///   - total: bytes of the frame from there, further buffers included
  @inlinable @inline(__always)
  public static func inspect(
    _ bytes: UnsafeRawPointer, available: Int, total: Int
  ) -> LabelInspection {
    if available >= 5 {
      let entry = LabelStackEntry(rawValue: bytes.load32(0))
      let nibble = bytes.load8(4) >> 4
      if entry.label >= ReservedLabel.limit, entry.isBottom, entry.ttl > 1,
        nibble == 4 || nibble == 6
      {
        return LabelInspection(
          outcome: PacketParser.accepted, hasSessionLabel: true, entry: entry, stackLength: 4)
      }
    }
    return inspectStack(bytes, available: available, total: total)
  }

  /// The whole of the tests, for stacks that are not simply one session label.
  @inlinable @inline(never)
  static func inspectStack(
    _ bytes: UnsafeRawPointer, available: Int, total: Int
  ) -> LabelInspection {
    var offset = 0
    var hadExplicitNull = false
    var ttl: UInt8 = 0
    while true {
      guard available >= offset &+ 5 else {
        return LabelInspection(outcome: PacketParser.short(total, offset &+ 5, .labelShort))
      }
      var entry = LabelStackEntry(rawValue: bytes.load32(offset))
      offset &+= 4
      let nibble = bytes.load8(offset) >> 4
      let isNull =
        entry.label == ReservedLabel.ipv4ExplicitNull
        || entry.label == ReservedLabel.ipv6ExplicitNull
      if hadExplicitNull { entry.rawValue = entry.rawValue & ~0xff | UInt32(ttl) }
      if isNull {
        hadExplicitNull = true
        ttl = entry.ttl
        if !entry.isBottom { continue }
        guard entry.ttl > 1 else { return LabelInspection(outcome: DropReason.ttl.rawValue) }
        let promised: UInt8 = entry.label == ReservedLabel.ipv4ExplicitNull ? 4 : 6
        guard nibble == promised else {
          return LabelInspection(outcome: DropReason.labelPayload.rawValue)
        }
        return LabelInspection(
          outcome: PacketParser.accepted, hadExplicitNull: true, entry: entry, stackLength: offset)
      }
      guard entry.label >= ReservedLabel.limit else {
        return LabelInspection(outcome: DropReason.labelReserved.rawValue)
      }
      guard entry.isBottom else {
        return LabelInspection(outcome: DropReason.labelStack.rawValue)
      }
      guard entry.ttl > 1 else { return LabelInspection(outcome: DropReason.ttl.rawValue) }
      guard nibble == 4 || nibble == 6 else {
        return LabelInspection(outcome: DropReason.labelPayload.rawValue)
      }
      return LabelInspection(
        outcome: PacketParser.accepted, hadExplicitNull: hadExplicitNull, hasSessionLabel: true,
        entry: entry, stackLength: offset)
    }
  }
}
