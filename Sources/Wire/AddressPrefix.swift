/// An address together with the length of its network's prefix, such as `192.0.2.1/24`.
public struct AddressPrefix: Hashable, Sendable {
  public var address: IPAddress
  /// Bits: 0...32 for IPv4, 0...128 for IPv6.
  public var length: Int

  public init(address: IPAddress, length: Int) {
    self.address = address
    self.length = length
  }

  /// That of a single host.
  public init(host address: IPAddress) {
    self.init(address: address, length: Self.longest(for: address))
  }

  /// The greatest length of a prefix of the address's family.
  public static func longest(for address: IPAddress) -> Int { address.isIPv4 ? 32 : 128 }

  /// The length in the 128 bits that an `IPAddress` has of either family.
  public var bits: Int { length + (address.isIPv4 ? 96 : 0) }

  /// The prefix alone: its address has no bits past the length.
  public var network: AddressPrefix {
    AddressPrefix(address: address.masked(bits: bits), length: length)
  }

  /// Whether the other address is of the same family and network.
  public func contains(_ other: IPAddress) -> Bool {
    address.isIPv4 == other.isIPv4 && address.masked(bits: bits) == other.masked(bits: bits)
  }
}

extension AddressPrefix: CustomStringConvertible {
  public var description: String { "\(address)/\(length)" }
}
