extension JSONParser {
  /// A string by RFC 8259 section 7. Invalid UTF-8, half surrogate pairs and bare control characters
  /// are errors.
  mutating func parseString() throws(JSONSyntaxError) -> String {
    let start = position
    position += 1
    var content: [UInt8] = []
    var runStart = position
    while let byte = current {
      switch byte {
      case UInt8(ascii: "\""):
        let run = bytes[runStart..<position]
        let string =
          content.isEmpty
          ? String(validating: run, as: UTF8.self)
          : String(validating: content + run, as: UTF8.self)
        guard let string else {
          position = start
          throw error("the string is not valid UTF-8")
        }
        position += 1
        return string
      case UInt8(ascii: "\\"):
        content += bytes[runStart..<position]
        try parseEscape(into: &content)
        runStart = position
      case 0..<0x20:
        throw error("a control character must be escaped in a string")
      default:
        position += 1
      }
    }
    throw error("the text ends within a string")
  }

  /// Adds the UTF-8 bytes that an escape stands for.
  private mutating func parseEscape(into content: inout [UInt8]) throws(JSONSyntaxError) {
    position += 1
    guard let byte = current else { throw error("the text ends within a string") }
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
    case UInt8(ascii: "b"): content.append(0x08)
    case UInt8(ascii: "f"): content.append(0x0C)
    case UInt8(ascii: "n"): content.append(0x0A)
    case UInt8(ascii: "r"): content.append(0x0D)
    case UInt8(ascii: "t"): content.append(0x09)
    case UInt8(ascii: "u"):
      position += 1
      content += String(try parseEscapedScalar()).utf8
      return
    default: throw error("an unknown escape")
    }
    position += 1
  }

  /// What follows `\u`: a scalar, or the high half of a surrogate pair with its low half.
  private mutating func parseEscapedScalar() throws(JSONSyntaxError) -> Unicode.Scalar {
    let first = try parseHexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xDC00, bytes[position...].starts(with: "\\u".utf8) else {
      throw error("half a surrogate pair")
    }
    position += 2
    let second = try parseHexadecimal()
    guard second >= 0xDC00, second <= 0xDFFF,
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else {
      throw error("half a surrogate pair")
    }
    return scalar
  }

  /// Four hexadecimal digits.
  private mutating func parseHexadecimal() throws(JSONSyntaxError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw error("four hexadecimal digits were expected")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}
