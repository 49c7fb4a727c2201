import Wire

extension AddressPrefix {
  /// Reads `ADDRESS/LENGTH`; nil if it is anything else or the length is past the family's.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let address = IPAddress(String(parts[0])),
      let length = DecimalNumber.read(parts[1]), length <= Self.longest(for: address)
    else { return nil }
    self.init(address: address, length: length)
  }
}
