/// One request of JSON-RPC 2.0 section 4.
public struct AdminRequest: Sendable, Equatable {
  /// Words joined by dots: `show.services`.
  public var method: String
  /// An object, or an array; an empty object where the request has none.
  public var parameters: JSONValue
  /// A string, a number or null; nil makes the request a notification, which is never answered.
  public var id: JSONValue?

  public init(method: String, parameters: JSONValue = [:], id: JSONValue?) {
    self.method = method
    self.parameters = parameters
    self.id = id
  }

  /// The request that `value` is, or the answer to give because it is none.
  public init(_ value: JSONValue) throws(AdminAnswer) {
    func refuse(_ message: String, id: JSONValue = .null) -> AdminAnswer {
      AdminAnswer(id: id, outcome: .failure(.invalidRequest(message)))
    }
    guard case .object(let object) = value else {
      throw refuse("a request is a JSON object, or an array of them")
    }
    let id = object["id"]
    switch id {
    case nil, .null, .string, .integer, .unsigned, .double: break
    default: throw refuse("'id' must be a string, a number or null")
    }
    guard object["jsonrpc"] == "2.0" else {
      throw refuse("'jsonrpc' must be \"2.0\"", id: id ?? .null)
    }
    guard case .string(let method)? = object["method"] else {
      throw refuse("'method' must be a string", id: id ?? .null)
    }
    let parameters = object["params"] ?? [:]
    switch parameters {
    case .object, .array: break
    default: throw refuse("'params' must be an object", id: id ?? .null)
    }
    self.init(method: method, parameters: parameters, id: id)
  }

  /// The request as a JSON object.
  public var value: JSONValue {
    var object = JSONObject([("jsonrpc", "2.0")])
    if let id { object.append("id", id) }
    object.append("method", .string(method))
    if parameters != [:] { object.append("params", parameters) }
    return .object(object)
  }
}
