/// One answer of JSON-RPC 2.0 section 5.
public struct AdminAnswer: Error, Sendable, Equatable {
  /// The request's `id`; null where none could be read.
  public var id: JSONValue
  public var outcome: Result<JSONValue, AdminError>

  public init(id: JSONValue, outcome: Result<JSONValue, AdminError>) {
    self.id = id
    self.outcome = outcome
  }

  /// The answer as a JSON object.
  public var value: JSONValue {
    switch outcome {
    case .success(let result):
      ["jsonrpc": "2.0", "id": id, "result": result]
    case .failure(let error):
      [
        "jsonrpc": "2.0", "id": id,
        "error": ["code": JSONValue(error.code), "message": .string(error.message)],
      ]
    }
  }

  /// The answer that `value` is; nil if it is none.
  public init?(_ value: JSONValue) {
    guard case .object(let object) = value else { return nil }
    let outcome: Result<JSONValue, AdminError>
    if let error = object["error"], let code = error["code"]?.intValue {
      outcome = .failure(AdminError(code: code, message: error["message"]?.stringValue ?? ""))
    } else if let result = object["result"] {
      outcome = .success(result)
    } else {
      return nil
    }
    self.init(id: object["id"] ?? .null, outcome: outcome)
  }
}
