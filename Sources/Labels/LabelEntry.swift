/// What the label switch knows of a label.
public enum LabelState: UInt8, Sendable, CaseIterable {
  /// Free, quarantined, or not a label of this appliance: an unknown label.
  case none
  /// Analysed, not switched.
  case embryonic
  case live
  /// Still switched (protocol section 4).
  case closing

  /// Whether packets with this label go by the switch alone.
  @inlinable @inline(__always)
  public var isSwitched: Bool { rawValue >= LabelState.live.rawValue }
}

/// One direction's entry of the label switch table: one 64-bit word, so that no reader can see half
/// of one. From the lowest bit: state 2, pop 1, egress port 5, adjacency 24, guard of the addresses
/// 16, guard of the ports 16. The word 0 is an unknown label.
@frozen
public struct LabelEntry: Equatable, Sendable {
  public var rawValue: UInt64

  @inlinable @inline(__always)
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// - Parameters:
  ///   - state: the state of the pair
  ///   - pop: whether the label comes off, towards a host that is no label endpoint
  ///   - port: index of the egress port, below 32
  ///   - adjacency: index of the next hop, below 2^24
  ///   - guardAddresses: `LabelGuard.addresses` of the session
  ///   - guardPorts: `LabelGuard.ports` of the session
  @inlinable @inline(__always)
  public init(
    state: LabelState, pop: Bool, port: UInt8, adjacency: UInt32, guardAddresses: UInt16,
    guardPorts: UInt16
  ) {
    let low =
      UInt32(state.rawValue) | (pop ? 4 : 0) | UInt32(port & 0x1f) << 3 | (adjacency << 8)
    rawValue = UInt64(low) | UInt64(guardAddresses) << 32 | UInt64(guardPorts) << 48
  }

  /// - Parameter guardWord: both halves, as `LabelGuard.word` gives them; the others as above
  @inlinable @inline(__always)
  public init(state: LabelState, pop: Bool, port: UInt8, adjacency: UInt32, guardWord: UInt32) {
    self.init(
      state: state, pop: pop, port: port, adjacency: adjacency,
      guardAddresses: UInt16(truncatingIfNeeded: guardWord),
      guardPorts: UInt16(truncatingIfNeeded: guardWord &>> 16))
  }

  @inlinable @inline(__always)
  public var state: LabelState {
    // The four cases are the four values of the two bits.
    unsafeBitCast(UInt8(truncatingIfNeeded: rawValue) & 3, to: LabelState.self)
  }

  @inlinable @inline(__always)
  public var pop: Bool { rawValue & 4 != 0 }

  @inlinable @inline(__always)
  public var port: UInt8 { UInt8(truncatingIfNeeded: rawValue) >> 3 }

  @inlinable @inline(__always)
  public var adjacency: UInt32 { UInt32(truncatingIfNeeded: rawValue) >> 8 }

  @inlinable @inline(__always)
  public var guardAddresses: UInt16 { UInt16(truncatingIfNeeded: rawValue >> 32) }

  @inlinable @inline(__always)
  public var guardPorts: UInt16 { UInt16(truncatingIfNeeded: rawValue >> 48) }

  /// Both halves of the guard, as `LabelGuard.word` gives them.
  @inlinable @inline(__always)
  public var guardWord: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }

  /// The same entry in another state.
  @inlinable @inline(__always)
  public func with(state: LabelState) -> LabelEntry {
    LabelEntry(rawValue: rawValue & ~3 | UInt64(state.rawValue))
  }
}
