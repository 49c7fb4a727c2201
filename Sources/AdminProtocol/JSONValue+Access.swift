extension JSONValue {
  /// The object's value at `key`; nil if there is none, or if this is no object.
  public subscript(key: String) -> JSONValue? {
    guard case .object(let object) = self else { return nil }
    return object[key]
  }

  /// The boolean, or nil.
  public var boolValue: Bool? {
    guard case .bool(let value) = self else { return nil }
    return value
  }

  /// The value as an `Int`, if it is a whole number that fits; 3.0 and 3e0 are 3.
  public var intValue: Int? {
    switch self {
    case .integer(let value): Int(exactly: value)
    case .unsigned(let value): Int(exactly: value)
    case .double(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The value as a double, if it is a number.
  public var doubleValue: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  /// The string, or nil.
  public var stringValue: String? {
    guard case .string(let value) = self else { return nil }
    return value
  }

  /// The array's elements, or nil.
  public var arrayValue: [JSONValue]? {
    guard case .array(let value) = self else { return nil }
    return value
  }

  /// The object, or nil.
  public var objectValue: JSONObject? {
    guard case .object(let value) = self else { return nil }
    return value
  }

  /// Whether this is null.
  public var isNull: Bool {
    guard case .null = self else { return false }
    return true
  }
}
