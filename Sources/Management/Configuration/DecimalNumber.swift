/// Whole numbers as the configuration writes them: decimal digits without a leading zero.
enum DecimalNumber {
  /// nil if the text is anything else, or past `Int`.
  static func read(_ text: some StringProtocol) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= $0 }),
      text.utf8.count == 1 || text.utf8.first != UInt8(ascii: "0")
    else { return nil }
    return Int(text)
  }

  /// `LOW-HIGH`, or nil.
  static func readRange(_ text: String) -> (low: Int, high: Int)? {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let low = read(parts[0]), let high = read(parts[1]) else { return nil }
    return (low, high)
  }
}
