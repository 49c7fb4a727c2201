import CBPFShim
import Wire

extension AddressPrefix {
  /// Reads `ADDRESS/LENGTH`, or an address alone: of a network, so without bits past the length.
  init(network text: String) throws(EndpointFailure) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = IPAddress(String(parts[0])) else {
      throw .refused(
        "--client-prefix: '\(text)' is no prefix; expected one like 203.0.113.0/24 or 2001:db8::/32"
      )
    }
    let limit = Self.longest(for: address)
    var length = limit
    if parts.count == 2 {
      guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(parts[1]),
        number <= limit
      else {
        throw .refused(
          "--client-prefix: '\(text)' has no length of 0 to \(limit) after the slash")
      }
      length = number
    }
    self.init(address: address, length: length)
    guard self == network else {
      throw .refused(
        "--client-prefix: '\(text)' has bits past its length; did you mean \(network)?")
    }
  }

  /// The key by which the kernel's tries find it.
  var key: endpoint_prefix {
    let family: UInt8 = address.isIPv4 ? 4 : 6
    let first = address.isIPv4 ? UInt64(address.ipv4Word) : address.high
    let second = address.isIPv4 ? 0 : address.low
    return endpoint_prefix(
      length: UInt32(length) + UInt32(ENDPOINT_PREFIX_FAMILY_BITS), family: family,
      zero: (0, 0, 0),
      address: (
        byte(first, 0), byte(first, 1), byte(first, 2), byte(first, 3),
        byte(first, 4), byte(first, 5), byte(first, 6), byte(first, 7),
        byte(second, 0), byte(second, 1), byte(second, 2), byte(second, 3),
        byte(second, 4), byte(second, 5), byte(second, 6), byte(second, 7)
      ))
  }

  private func byte(_ word: UInt64, _ index: UInt64) -> UInt8 {
    UInt8(truncatingIfNeeded: word >> (8 * index))
  }
}
