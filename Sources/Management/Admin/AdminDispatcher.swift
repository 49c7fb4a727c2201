import AdminProtocol

/// Turns a line of the admin socket into its answer, by JSON-RPC 2.0.
struct AdminDispatcher: Sendable {
  /// Bytes of one answer line, past which an error is answered instead.
  static let maximumAnswerLength = 64 << 20

  let backend: any AdminBackend

  /// The answer line with its line end; nil if there is nothing to answer (a blank line, or only
  /// notifications).
  func answer(toLine line: [UInt8]) -> [UInt8]? {
    if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return nil }
    let value: JSONValue
    do {
      value = try JSONValue(parsing: line)
    } catch {
      return AdminDispatcher.line(refusing: .parseError("the line is not JSON: \(error)"))
    }
    if case .array(let requests) = value { return answer(toBatch: requests) }
    guard var answer = answer(to: value, spent: 0) else { return nil }
    answer.append(0x0A)
    return answer
  }

  /// The answer line to what is no request.
  static func line(refusing error: AdminError) -> [UInt8] {
    AdminAnswer(id: .null, outcome: .failure(error)).value.encoded + [0x0A]
  }

  /// JSON-RPC 2.0 section 6: the answers of a batch in one array, in the order of their requests.
  private func answer(toBatch requests: [JSONValue]) -> [UInt8]? {
    guard !requests.isEmpty else {
      return AdminDispatcher.line(refusing: .invalidRequest("a batch has at least one request"))
    }
    var line: [UInt8] = []
    for request in requests {
      guard let answer = answer(to: request, spent: line.count) else { continue }
      line.append(line.isEmpty ? UInt8(ascii: "[") : UInt8(ascii: ","))
      line += answer
    }
    guard !line.isEmpty else { return nil }
    line += "]\n".utf8
    return line
  }

  /// The answer to one request; `spent` is the length of the answers before it in its batch.
  private func answer(to value: JSONValue, spent: Int) -> [UInt8]? {
    let request: AdminRequest
    do {
      request = try AdminRequest(value)
    } catch {
      return error.value.encoded
    }
    let limit = AdminDispatcher.maximumAnswerLength
    var outcome: Result<JSONValue, AdminError>
    if spent < limit {
      outcome = backend.handle(method: request.method, params: request.parameters)
    } else {
      outcome = .failure(.operational("not done, the batch's answers are too long: send fewer"))
    }
    guard let id = request.id else { return nil }
    let answer = AdminAnswer(id: id, outcome: outcome).value.encoded
    guard answer.count > limit - min(spent, limit), case .success = outcome else { return answer }
    outcome = .failure(
      .operational(
        "the answer has \(answer.count) bytes, at most \(limit) are sent: ask for less with 'limit'"
      ))
    return AdminAnswer(id: id, outcome: outcome).value.encoded
  }
}
