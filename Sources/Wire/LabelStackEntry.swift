/// An MPLS label stack entry, as a number: label 20 bits, TC 3, S 1, TTL 8 (RFC 3032 2.1, 5462).
@frozen
public struct LabelStackEntry: Hashable, Sendable {
  public var rawValue: UInt32

  @inlinable @inline(__always)
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The last entry of a stack.
  @inlinable @inline(__always)
  public init(label: UInt32, trafficClass: UInt8, ttl: UInt8) {
    rawValue = label << 12 | UInt32(trafficClass & 7) << 9 | 1 << 8 | UInt32(ttl)
  }

  @inlinable public var label: UInt32 { rawValue >> 12 }
  @inlinable public var trafficClass: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 9) & 7 }
  @inlinable public var isBottom: Bool { rawValue & 0x100 != 0 }
  @inlinable public var ttl: UInt8 { UInt8(truncatingIfNeeded: rawValue) }
}

/// Labels with a meaning of their own (RFC 3032 2.1).
public enum ReservedLabel {
  public static let ipv4ExplicitNull: UInt32 = 0
  public static let ipv6ExplicitNull: UInt32 = 2
  /// Labels below this are reserved (RFC 7274).
  public static let limit: UInt32 = 16
}
