#if canImport(Glibc)
  import Glibc
#endif

extension IPAddress: CustomStringConvertible {
  /// Reads dotted IPv4 or RFC 4291 2.2 IPv6 text; nil if it is neither (`inet_pton`).
  public init?(_ text: String) {
    // C would take what stands before a zero byte for the whole text.
    guard !text.utf8.contains(0) else { return nil }
    var bytes = (UInt64(0), UInt64(0))
    if inet_pton(AF_INET, text, &bytes) == 1 {
      self.init(ipv4Word: UInt32(truncatingIfNeeded: bytes.0))
    } else if inet_pton(AF_INET6, text, &bytes) == 1 {
      self.init(high: bytes.0, low: bytes.1)
    } else {
      return nil
    }
  }

  /// Dotted IPv4, or IPv6 in RFC 5952's form (`inet_ntop`).
  public var description: String {
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    if isIPv4 {
      var word = ipv4Word
      _ = inet_ntop(AF_INET, &word, &text, socklen_t(text.count))
    } else {
      var words = (high, low)
      _ = inet_ntop(AF_INET6, &words, &text, socklen_t(text.count))
    }
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
