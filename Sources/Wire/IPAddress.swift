/// An IPv4 or IPv6 address in one 16-byte form, held as it lies on the wire.
///
/// `high` and `low` are the two machine words that loading the 16 network-order bytes gives, not
/// numbers: equality and hashing need no byte swap. IPv4 is held IPv4-mapped, `::ffff:a.b.c.d`
/// (RFC 4291 2.5.5.2).
@frozen
public struct IPAddress: Hashable, Sendable {
  public var high: UInt64
  public var low: UInt64

  @inlinable @inline(__always)
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// An IPv4 address from the word that loading its four network-order bytes gives.
  @inlinable @inline(__always)
  public init(ipv4Word: UInt32) {
    high = 0
    low = UInt64(ipv4Word) << 32 | 0xffff_0000
  }

  /// The four network-order bytes of an IPv4 address, as a machine word.
  @inlinable @inline(__always)
  public var ipv4Word: UInt32 { UInt32(truncatingIfNeeded: low >> 32) }

  /// Whether the form is IPv4-mapped. On the wire an IPv6 packet may carry such an address too, so
  /// a session key holds the family beside it.
  @inlinable @inline(__always)
  public var isIPv4: Bool { high == 0 && UInt32(truncatingIfNeeded: low) == 0xffff_0000 }

  @inlinable @inline(__always)
  public var isMulticast: Bool {
    isIPv4 ? UInt8(truncatingIfNeeded: low >> 32) & 0xf0 == 0xe0 : high & 0xff == 0xff
  }

  /// 127.0.0.0/8 or ::1.
  @inlinable @inline(__always)
  public var isLoopback: Bool {
    isIPv4
      ? UInt8(truncatingIfNeeded: low >> 32) == 127
      : high == 0 && low == UInt64(1).byteSwapped
  }

  /// fe80::/10 (RFC 4291 2.5.6).
  @inlinable @inline(__always)
  public var isLinkLocal: Bool { high & 0xc0ff == 0x80fe }

  /// The unspecified address of its family: 0.0.0.0 or ::.
  @inlinable @inline(__always)
  public var isUnspecified: Bool { high == 0 && (low == 0 || low == 0xffff_0000) }

  /// The first `bits` of the 128 bits alone set, 0...128.
  @inlinable @inline(__always)
  public static func mask(bits: Int) -> IPAddress {
    IPAddress(high: maskWord(min(bits, 64)), low: maskWord(max(bits &- 64, 0)))
  }

  @inlinable @inline(__always)
  static func maskWord(_ bits: Int) -> UInt64 {
    bits == 0 ? 0 : (UInt64.max << UInt64(64 &- bits)).bigEndian
  }

  /// The first `bits` of the 128 bits, 0...128, all others cleared.
  @inlinable @inline(__always)
  public func masked(bits: Int) -> IPAddress {
    let mask = Self.mask(bits: bits)
    return IPAddress(high: high & mask.high, low: low & mask.low)
  }
}
