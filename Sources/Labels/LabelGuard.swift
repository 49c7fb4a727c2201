import Wire

/// The digest of a session's key that its label entries carry (protocol section 3.3), in two halves
/// of 16 bits. Keyed, so that a sender cannot work out which packet another session's guard lets
/// through. A check, not encryption.
///
/// Each direction of a session has its own, of source and destination as that direction's packets show
/// them, so that checking a packet needs no turning round.
@frozen
public struct LabelGuard: Sendable {
  @usableFromInline let lowKeys: (UInt64, UInt64)
  @usableFromInline let highKeys: (UInt64, UInt64)
  @usableFromInline let addressKey: UInt64
  @usableFromInline let protocolKey: UInt64
  @usableFromInline let portKeys: (UInt64, UInt64)

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
    addressKey = next()
    protocolKey = next()
    portKeys = (next(), next())
  }

  /// The half for both addresses and the protocol.
  @inlinable @inline(__always)
  public func addresses(source: IPAddress, destination: IPAddress, protocolNumber: UInt8) -> UInt16
  {
    if source.isIPv4 && destination.isIPv4 {
      return addresses(
        sourceIPv4: source.ipv4Word, destinationIPv4: destination.ipv4Word,
        protocolNumber: protocolNumber)
    }
    let low = Self.fold(source.low ^ lowKeys.0, destination.low ^ lowKeys.1)
    let high = Self.fold(source.high ^ highKeys.0, destination.high ^ highKeys.1)
    return finish(low ^ high, protocolNumber)
  }

  /// The same for IPv4 addresses, as `IPAddress.ipv4Word` holds them.
  @inlinable @inline(__always)
  public func addresses(
    sourceIPv4 source: UInt32, destinationIPv4 destination: UInt32, protocolNumber: UInt8
  ) -> UInt16 {
    finish(UInt64(source) | UInt64(destination) << 32, protocolNumber)
  }

  /// The half for both ports, as numbers.
  @inlinable @inline(__always)
  public func ports(source: UInt16, destination: UInt16) -> UInt16 {
    ports(wire: UInt32(source.byteSwapped) | UInt32(destination.byteSwapped) << 16)
  }

  /// Both halves of a packet that lies before the reader: what `LabelEntry.guardWord` is compared
  /// with.
  ///
  /// - Parameters:
  ///   - addresses: both IPv4 addresses, and
  ///   - ports: both ports, as loading them from the headers gives them
  @inlinable @inline(__always)
  public func word(addresses: UInt64, ports: UInt32, protocolNumber: UInt8) -> UInt32 {
    UInt32(finish(addresses, protocolNumber)) | UInt32(self.ports(wire: ports)) << 16
  }

  /// The same from what the analyser read.
  @inlinable @inline(__always)
  public func word(
    source: IPAddress, destination: IPAddress, sourcePort: UInt16, destinationPort: UInt16,
    protocolNumber: UInt8
  ) -> UInt32 {
    UInt32(addresses(source: source, destination: destination, protocolNumber: protocolNumber))
      | UInt32(ports(source: sourcePort, destination: destinationPort)) << 16
  }

  @inlinable @inline(__always)
  func ports(wire: UInt32) -> UInt16 {
    UInt16(truncatingIfNeeded: Self.fold(UInt64(wire) ^ portKeys.0, portKeys.1) &>> 48)
  }

  @inlinable @inline(__always)
  func finish(_ word: UInt64, _ protocolNumber: UInt8) -> UInt16 {
    UInt16(
      truncatingIfNeeded: Self.fold(
        word ^ addressKey, protocolKey ^ UInt64(protocolNumber)) &>> 48)
  }

  /// Both halves of the product: a plain multiplication spreads neighbours badly under unlucky keys.
  @inlinable @inline(__always)
  static func fold(_ first: UInt64, _ second: UInt64) -> UInt64 {
    let product = first.multipliedFullWidth(by: second)
    return product.high ^ product.low
  }
}
