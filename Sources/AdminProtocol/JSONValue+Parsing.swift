/// Why bytes are no JSON text.
public struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
  /// Bytes before the place of the error.
  public let offset: Int
  public let reason: String

  public var description: String { "\(reason), at byte \(offset + 1)" }
}

extension JSONValue {
  /// Reads one JSON text (RFC 8259) and nothing after it. Nesting past 128 levels, invalid UTF-8 and
  /// numbers past a double's range are errors.
  public init(parsing bytes: [UInt8]) throws(JSONSyntaxError) {
    var parser = JSONParser(bytes)
    self = try parser.parseText()
  }

  /// As `init(parsing:)`, from a string.
  public init(parsing text: String) throws(JSONSyntaxError) {
    try self.init(parsing: Array(text.utf8))
  }
}
