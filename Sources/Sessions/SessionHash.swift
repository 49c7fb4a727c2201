import Wire

/// The hash of session keys: keyed, so that a sender cannot fill one bucket, and symmetric, so that
/// both directions of a session have one hash.
///
/// Each endpoint is one folded 64 x 64 -> 128 bit multiply of its address words, the port mixed in by
/// a secret factor; the two are added, and a last folded multiply spreads the sum over all bits.
@frozen
public struct SessionHash: Sendable {
  @usableFromInline let highKey: UInt64
  @usableFromInline let lowKey: UInt64
  @usableFromInline let portKey: UInt64
  @usableFromInline let finalKey: UInt64

  /// - Parameters:
  ///   - secret0: 64 random bits
  ///   - secret1: 64 other random bits
  public init(secret0: UInt64, secret1: UInt64) {
    highKey = Self.scramble(secret0)
    lowKey = Self.scramble(secret1 ^ 0x9e37_79b9_7f4a_7c15)
    portKey = Self.scramble(secret0 ^ secret1.byteSwapped ^ 0xe703_7ed1_a0b4_28db) | 1
    finalKey = Self.scramble(secret1 &+ 0xa076_1d64_78bd_642f) | 1
  }

  /// The hash of a tuple and of its reverse. High and low bits are equally good.
  @inlinable @inline(__always)
  public func hash(_ tuple: FlowTuple) -> UInt64 {
    let sum =
      endpoint(tuple.source, tuple.ports & 0xffff)
      &+ endpoint(tuple.destination, tuple.ports >> 16)
    return Self.fold(sum &+ UInt64(tuple.kind) &* portKey, finalKey)
  }

  @inlinable @inline(__always)
  func endpoint(_ address: IPAddress, _ port: UInt32) -> UInt64 {
    Self.fold(address.high ^ highKey ^ UInt64(port) &* portKey, address.low ^ lowKey)
  }

  /// A hash of a session's key that is the same on every worker, in every run and on every machine:
  /// for Maglev, where appliances must agree. Not keyed, and not symmetric.
  @inlinable @inline(__always)
  public static func stableHash(
    client: IPAddress, clientPort: UInt16, virtual: IPAddress, virtualPort: UInt16,
    protocolNumber: UInt8
  ) -> UInt64 {
    // IPAddress holds words as a little-endian load gives them.
    let from = fold(
      client.high.littleEndian ^ 0xa076_1d64_78bd_642f,
      client.low.littleEndian ^ 0xe703_7ed1_a0b4_28db)
    let to = fold(
      virtual.high.littleEndian ^ 0x8ebc_6af0_9c88_c6e3,
      virtual.low.littleEndian ^ 0x5899_65cc_7537_4cc3)
    let rest =
      UInt64(clientPort) | UInt64(virtualPort) << 16 | UInt64(protocolNumber) << 32
    return scramble(fold(scramble(from) ^ rest, to ^ 0x1d8e_4e27_c47d_124f))
  }

  @inlinable @inline(__always)
  static func fold(_ first: UInt64, _ second: UInt64) -> UInt64 {
    let product = first.multipliedFullWidth(by: second)
    return product.high ^ product.low
  }

  /// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection that spreads every bit.
  @inlinable @inline(__always)
  static func scramble(_ word: UInt64) -> UInt64 {
    var word = word
    word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
    return word ^ word >> 31
  }
}
