import Wire

/// An address together with the length of its network's prefix, such as `192.0.2.1/24`.
public struct AddressPrefix: Hashable, Sendable {
  public var address: IPAddress
  /// Bits: 0...32 for IPv4, 0...128 for IPv6.
  public var length: Int

  public init(address: IPAddress, length: Int) {
    self.address = address
    self.length = length
  }

  /// Reads `ADDRESS/LENGTH`; nil if it is anything else or the length is past the family's.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let address = IPAddress(String(parts[0])),
      let length = DecimalNumber.read(parts[1]), length <= (address.isIPv4 ? 32 : 128)
    else { return nil }
    self.address = address
    self.length = length
  }

  /// Whether the other address is of the same family and network.
  public func contains(_ other: IPAddress) -> Bool {
    guard address.isIPv4 == other.isIPv4 else { return false }
    let bits = length + (address.isIPv4 ? 96 : 0)
    let highMask = Self.mask(min(bits, 64))
    let lowMask = Self.mask(max(bits - 64, 0))
    return (address.high ^ other.high).bigEndian & highMask == 0
      && (address.low ^ other.low).bigEndian & lowMask == 0
  }

  /// The first `bits` bits, 0...64, as a number whose highest bit is the first.
  private static func mask(_ bits: Int) -> UInt64 {
    bits == 0 ? 0 : ~0 << UInt64(64 - bits)
  }
}

extension AddressPrefix: CustomStringConvertible {
  public var description: String { "\(address)/\(length)" }
}
