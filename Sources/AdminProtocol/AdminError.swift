/// The error of an answer: a code of JSON-RPC 2.0 section 5.1 or `operational`, and a sentence that
/// says what to do.
public struct AdminError: Error, Sendable, Equatable {
  public static let parseErrorCode = -32700
  public static let invalidRequestCode = -32600
  public static let methodNotFoundCode = -32601
  public static let invalidParametersCode = -32602
  public static let internalErrorCode = -32603
  /// The request was right, but what it asks for cannot be done.
  public static let operationalCode = -32000

  public var code: Int
  public var message: String

  public init(code: Int, message: String) {
    self.code = code
    self.message = message
  }

  /// -32700: the line is no JSON text.
  public static func parseError(_ message: String) -> AdminError {
    AdminError(code: parseErrorCode, message: message)
  }

  /// -32600: the JSON text is no request.
  public static func invalidRequest(_ message: String) -> AdminError {
    AdminError(code: invalidRequestCode, message: message)
  }

  /// -32601: nobody knows the method.
  public static func methodNotFound(_ method: String) -> AdminError {
    AdminError(code: methodNotFoundCode, message: "there is no method '\(method)'")
  }

  /// -32602: a parameter is missing, unknown or has a wrong value.
  public static func invalidParameters(_ message: String) -> AdminError {
    AdminError(code: invalidParametersCode, message: message)
  }

  /// -32603: a fault of the appliance.
  public static func internalError(_ message: String) -> AdminError {
    AdminError(code: internalErrorCode, message: message)
  }

  /// -32000: it cannot be done; `message` says what to do.
  public static func operational(_ message: String) -> AdminError {
    AdminError(code: operationalCode, message: message)
  }
}
