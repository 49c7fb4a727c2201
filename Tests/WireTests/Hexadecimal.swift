/// The bytes of a hexadecimal text; spaces are left out.
func hex(_ text: String) -> [UInt8] {
  let digits = text.filter { $0 != " " && $0 != "\n" }.map {
    guard let digit = $0.hexDigitValue else { fatalError("not hexadecimal: \($0)") }
    return UInt8(digit)
  }
  return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

extension FixedWidthInteger {
  /// The number's bytes, the most significant first.
  var networkBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { [UInt8]($0) } }
}
