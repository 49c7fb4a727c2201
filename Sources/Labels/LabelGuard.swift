import Wire

/// The digest of a session's key that its label entries carry (protocol section 3.3), in two halves
/// of 16 bits. Keyed, so that a sender cannot work out which packet another session's guard lets
/// through. A check, not encryption.
///
/// Both directions of a session have one guard: what is asked for is client and virtual side, not
/// source and destination.
@frozen
public struct LabelGuard: Sendable {
  @usableFromInline let lowKeys: (UInt64, UInt64)
  @usableFromInline let highKeys: (UInt64, UInt64)
  @usableFromInline let mapped: UInt64
  @usableFromInline let addressKey: UInt64
  @usableFromInline let portKey: UInt64

  /// - Parameter secret: 64 random bits, the same for all workers
  public init(secret: UInt64) {
    var state = secret
    func next() -> UInt64 {
      // SplitMix64 (Steele, Lea, Flood 2014).
      state &+= 0x9e37_79b9_7f4a_7c15
      var word = state
      word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
      word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
      return word ^ word >> 31
    }
    lowKeys = (next(), next())
    highKeys = (next(), next())
    addressKey = next() | 1
    portKey = next() | 1
    mapped = Self.fold(highKeys.0, highKeys.1)
  }

  /// The half for both addresses and the protocol.
  @inlinable @inline(__always)
  public func addresses(client: IPAddress, virtual: IPAddress, protocolNumber: UInt8) -> UInt16 {
    finish(
      Self.fold(client.low ^ lowKeys.0, virtual.low ^ lowKeys.1),
      Self.fold(client.high ^ highKeys.0, virtual.high ^ highKeys.1), protocolNumber)
  }

  /// The same for IPv4 addresses, as `IPAddress.ipv4Word` holds them, at half the cost.
  @inlinable @inline(__always)
  public func addresses(
    clientIPv4 client: UInt32, virtualIPv4 virtual: UInt32, protocolNumber: UInt8
  ) -> UInt16 {
    finish(
      Self.fold(
        IPAddress(ipv4Word: client).low ^ lowKeys.0, IPAddress(ipv4Word: virtual).low ^ lowKeys.1),
      mapped, protocolNumber)
  }

  /// The half for both ports, as numbers.
  @inlinable @inline(__always)
  public func ports(client: UInt16, virtual: UInt16) -> UInt16 {
    // Multiply-shift: two different port pairs agree with a chance of at most 2 in 65,536.
    UInt16(
      truncatingIfNeeded: (((UInt64(client) | UInt64(virtual) << 16) &+ 1) &* portKey) >> 48)
  }

  @inlinable @inline(__always)
  func finish(_ low: UInt64, _ high: UInt64, _ protocolNumber: UInt8) -> UInt16 {
    UInt16(truncatingIfNeeded: ((low ^ high ^ UInt64(protocolNumber)) &* addressKey) >> 48)
  }

  @inlinable @inline(__always)
  static func fold(_ first: UInt64, _ second: UInt64) -> UInt64 {
    let product = first.multipliedFullWidth(by: second)
    return product.high ^ product.low
  }
}
