import AdminProtocol

/// A line of the admin socket on its way to its answer, by JSON-RPC 2.0, one request at a time: a
/// batch may be long, and others wait for the loop.
struct AdminExchange {
  /// Bytes of one answer line, past which an error is answered instead.
  static let maximumAnswerLength = 64 << 20

  private let requests: [JSONValue]
  private let isBatch: Bool
  private let limit: Int
  private var handled = 0
  private var answer: [UInt8] = []

  /// Begins with a line without its line end; a blank one asks for nothing.
  init(line: [UInt8], limit: Int = AdminExchange.maximumAnswerLength) {
    self.limit = limit
    var requests: [JSONValue] = []
    var isBatch = false
    if !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) {
      do {
        let value = try JSONValue(parsing: line)
        if case .array(let elements) = value, !elements.isEmpty {
          requests = elements
          isBatch = true
        } else if case .array = value {
          answer = AdminExchange.encode(.invalidRequest("a batch has at least one request"))
        } else {
          requests = [value]
        }
      } catch {
        answer = AdminExchange.encode(.parseError("the line is not JSON: \(error)"))
      }
    }
    self.requests = requests
    self.isBatch = isBatch
  }

  /// Whether all requests are handled.
  var isDone: Bool { handled == requests.count }

  /// The answer line with its line end, once all requests are handled; nil if there is nothing to
  /// answer (a blank line, or only notifications). Answers of a batch stand in one array, in the order
  /// of their requests (JSON-RPC 2.0 section 6).
  var answerLine: [UInt8]? {
    guard !answer.isEmpty else { return nil }
    return answer + (isBatch ? "]\n" : "\n").utf8
  }

  /// The answer line to what is no request.
  static func line(refusing error: AdminError) -> [UInt8] {
    encode(error) + [0x0A]
  }

  /// Handles the next request; there must be one.
  mutating func handleNext(by backend: any AdminBackend) {
    let value = requests[handled]
    handled += 1
    guard let text = answer(to: value, by: backend) else { return }
    if isBatch { answer.append(answer.isEmpty ? UInt8(ascii: "[") : UInt8(ascii: ",")) }
    answer += text
  }

  private func answer(to value: JSONValue, by backend: any AdminBackend) -> [UInt8]? {
    let request: AdminRequest
    do {
      request = try AdminRequest(value)
    } catch {
      return error.value.encoded
    }
    var outcome: Result<JSONValue, AdminError>
    if answer.count < limit {
      outcome = backend.handle(method: request.method, params: request.parameters)
    } else {
      outcome = .failure(.operational("not done, the batch's answers are too long: send fewer"))
    }
    guard let id = request.id else { return nil }
    let text = AdminAnswer(id: id, outcome: outcome).value.encoded
    guard text.count > max(0, limit - answer.count), case .success = outcome else { return text }
    outcome = .failure(
      .operational(
        "the answer has \(text.count) bytes, at most \(limit) are sent: ask for less with 'limit'"
      ))
    return AdminAnswer(id: id, outcome: outcome).value.encoded
  }

  private static func encode(_ error: AdminError) -> [UInt8] {
    AdminAnswer(id: .null, outcome: .failure(error)).value.encoded
  }
}
