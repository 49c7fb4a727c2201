/// Reads one JSON text, strictly by RFC 8259, from bytes that may be anything.
struct JSONParser {
  /// Levels of arrays and objects that are followed; the parser's stack and that of whoever walks the
  /// value depend on it.
  static let maximumDepth = 128

  let bytes: [UInt8]
  var position = 0
  private var depth = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The whole text as one value, with nothing but white space around it.
  mutating func parseText() throws(JSONSyntaxError) -> JSONValue {
    skipWhitespace()
    let value = try parseValue()
    skipWhitespace()
    guard position == bytes.count else {
      throw error("the text goes on after the JSON value")
    }
    return value
  }

  /// The byte at the position; nil at the end.
  var current: UInt8? {
    position < bytes.count ? bytes[position] : nil
  }

  func error(_ reason: String) -> JSONSyntaxError {
    JSONSyntaxError(offset: position, reason: reason)
  }

  mutating func skipWhitespace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  private mutating func parseValue() throws(JSONSyntaxError) -> JSONValue {
    switch current {
    case UInt8(ascii: "{"): return try parseObject()
    case UInt8(ascii: "["): return try parseArray()
    case UInt8(ascii: "\""): return .string(try parseString())
    case UInt8(ascii: "t"): return try parseWord("true", as: true)
    case UInt8(ascii: "f"): return try parseWord("false", as: false)
    case UInt8(ascii: "n"): return try parseWord("null", as: .null)
    case UInt8(ascii: "-"): return try parseNumber()
    case let byte? where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte):
      return try parseNumber()
    case nil: throw error("the text ends where a value was expected")
    default: throw error("a value was expected")
    }
  }

  private mutating func parseWord(
    _ word: String, as value: JSONValue
  ) throws(JSONSyntaxError) -> JSONValue {
    guard bytes[position...].starts(with: word.utf8) else {
      throw error("a value was expected")
    }
    position += word.utf8.count
    return value
  }

  private mutating func enter() throws(JSONSyntaxError) {
    guard depth < JSONParser.maximumDepth else {
      throw error("nested deeper than \(JSONParser.maximumDepth) levels")
    }
    depth += 1
    position += 1
    skipWhitespace()
  }

  private mutating func leave() {
    depth -= 1
    position += 1
  }

  private mutating func parseArray() throws(JSONSyntaxError) -> JSONValue {
    try enter()
    var elements: [JSONValue] = []
    if current == UInt8(ascii: "]") {
      leave()
      return .array(elements)
    }
    while true {
      elements.append(try parseValue())
      skipWhitespace()
      switch current {
      case UInt8(ascii: ","):
        position += 1
        skipWhitespace()
      case UInt8(ascii: "]"):
        leave()
        return .array(elements)
      default: throw error("',' or ']' was expected")
      }
    }
  }

  private mutating func parseObject() throws(JSONSyntaxError) -> JSONValue {
    try enter()
    var object = JSONObject()
    if current == UInt8(ascii: "}") {
      leave()
      return .object(object)
    }
    while true {
      guard current == UInt8(ascii: "\"") else { throw error("a key in quotes was expected") }
      let key = try parseString()
      skipWhitespace()
      guard current == UInt8(ascii: ":") else { throw error("':' was expected") }
      position += 1
      skipWhitespace()
      object.append(key, try parseValue())
      skipWhitespace()
      switch current {
      case UInt8(ascii: ","):
        position += 1
        skipWhitespace()
      case UInt8(ascii: "}"):
        leave()
        return .object(object)
      default: throw error("',' or '}' was expected")
      }
    }
  }
}
