// Named parameters of a request, read with checks. Each throws the -32602 answer that names the
// parameter and what was expected.
extension JSONValue {
  /// Checks that this is an object (or an empty array) with no other keys than these.
  public func requireParameters(only names: [String]) throws(AdminError) {
    if case .array(let elements) = self {
      guard elements.isEmpty else {
        throw .invalidParameters("parameters are given by name, in an object")
      }
      return
    }
    for key in objectValue?.keys ?? [] where !names.contains(key) {
      let known =
        names.isEmpty ? "the method takes none" : "known: \(names.joined(separator: ", "))"
      throw .invalidParameters("there is no parameter '\(key)'; \(known)")
    }
  }

  /// The whole number named `name` within `range`; nil if it is absent or null.
  public func integerParameter(
    _ name: String, in range: ClosedRange<Int>
  ) throws(AdminError) -> Int? {
    guard let value = self[name], !value.isNull else { return nil }
    guard let number = value.intValue, range.contains(number) else {
      throw .invalidParameters(
        "'\(name)' must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// As `integerParameter(_:in:)`; being absent is an error too.
  public func requiredIntegerParameter(
    _ name: String, in range: ClosedRange<Int>
  ) throws(AdminError) -> Int {
    guard let number = try integerParameter(name, in: range) else {
      throw .invalidParameters(
        "'\(name)' is missing: a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// The string named `name`; nil if it is absent or null.
  public func stringParameter(_ name: String) throws(AdminError) -> String? {
    guard let value = self[name], !value.isNull else { return nil }
    guard let string = value.stringValue else {
      throw .invalidParameters("'\(name)' must be a string")
    }
    return string
  }

  /// As `stringParameter(_:)`; being absent is an error too.
  public func requiredStringParameter(_ name: String) throws(AdminError) -> String {
    guard let string = try stringParameter(name) else {
      throw .invalidParameters("'\(name)' is missing: a string")
    }
    return string
  }

  /// The strings of the array named `name`; nil if it is absent or null.
  public func stringsParameter(_ name: String) throws(AdminError) -> [String]? {
    guard let value = self[name], !value.isNull else { return nil }
    let strings = value.arrayValue?.compactMap(\.stringValue)
    guard let strings, strings.count == value.arrayValue?.count else {
      throw .invalidParameters("'\(name)' must be an array of strings")
    }
    return strings
  }
}
