import AdminProtocol
import Testing

@testable import Management

/// Lines and their answers by JSON-RPC 2.0; most lines are of its section 7.
@Suite struct AdminRequestTests {
  static let answered: [(line: String, id: String, code: Int)] = [
    (#"{"jsonrpc": "2.0", "method": "foobar", "id": "1"}"#, #""1""#, -32601),
    (#"{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]"#, "null", -32700),
    (#"{"jsonrpc": "2.0", "method": 1, "params": "bar"}"#, "null", -32600),
    (#"{"jsonrpc": "2.0", "method": "echo", "params": "bar", "id": 4}"#, "4", -32600),
    (#"{"jsonrpc": "2.0", "method": "echo", "params": null, "id": 4}"#, "4", -32600),
    (#"{"jsonrpc": "2.0", "params": {}, "id": 4}"#, "4", -32600),
    (#"{"jsonrpc": "1.0", "method": "echo", "id": 4}"#, "4", -32600),
    (#"{"method": "echo", "id": 4}"#, "4", -32600),
    (#"{"jsonrpc": "2.0", "method": "echo", "id": {}}"#, "null", -32600),
    (#"{"jsonrpc": "2.0", "method": "echo", "id": [1]}"#, "null", -32600),
    (#"{"jsonrpc": "2.0", "method": "echo", "id": true}"#, "null", -32600),
    (#"{"foo": "boo"}"#, "null", -32600),
    ("1", "null", -32600),
    ("null", "null", -32600),
    (#""echo""#, "null", -32600),
    ("[]", "null", -32600),
    (
      #"[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},{"jsonrpc""#, "null",
      -32700
    ),
    ("{} {}", "null", -32700),
    ("nonsense", "null", -32700),
    (#"{"jsonrpc": "2.0", "method": "fail", "id": 1}"#, "1", -32000),
    (#"{"jsonrpc": "2.0", "method": "check", "id": 1}"#, "1", -32602),
    (#"{"jsonrpc": "2.0", "method": "check", "params": {"limit": 0}, "id": 1}"#, "1", -32602),
    (#"{"jsonrpc": "2.0", "method": "check", "params": {"limit": 1.5}, "id": 1}"#, "1", -32602),
    (#"{"jsonrpc": "2.0", "method": "check", "params": {"limit": "5"}, "id": 1}"#, "1", -32602),
    (#"{"jsonrpc": "2.0", "method": "check", "params": {"limits": 5}, "id": 1}"#, "1", -32602),
    (#"{"jsonrpc": "2.0", "method": "check", "params": [5], "id": 1}"#, "1", -32602),
  ]

  @Test(arguments: answered)
  func errorsHaveTheirCodeAndTheRequestsId(line: String, id: String, code: Int) throws {
    let server = try AdminServerFixture()
    let answer = try #require(try server.connect().exchange(line))
    #expect(answer.hasPrefix(#"{"jsonrpc":"2.0","id":\#(id),"error":{"code":\#(code),"message":""#))
    #expect(answer.hasSuffix(#""}}"#))
  }

  static let results: [(line: String, answer: String)] = [
    (
      #"{"jsonrpc":"2.0","method":"echo","params":{"b":1,"a":[true,null]},"id":7}"#,
      #"{"jsonrpc":"2.0","id":7,"result":{"b":1,"a":[true,null]}}"#
    ),
    (
      #"{"id":"x","params":[1],"method":"echo","jsonrpc":"2.0"}"#,
      #"{"jsonrpc":"2.0","id":"x","result":[1]}"#
    ),
    (
      #"{"jsonrpc":"2.0","method":"echo","id":null}"#,
      #"{"jsonrpc":"2.0","id":null,"result":{}}"#
    ),
    (
      #"{"jsonrpc":"2.0","method":"echo","id":18446744073709551615}"#,
      #"{"jsonrpc":"2.0","id":18446744073709551615,"result":{}}"#
    ),
    (
      #"{"jsonrpc":"2.0","method":"check","params":{"limit":10},"id":1.5}"#,
      #"{"jsonrpc":"2.0","id":1.5,"result":10}"#
    ),
  ]

  @Test(arguments: results)
  func resultsCarryTheRequestsId(line: String, answer: String) throws {
    let server = try AdminServerFixture()
    #expect(try server.connect().exchange(line) == answer)
  }

  @Test func notificationsAreDoneAndNotAnswered() throws {
    let server = try AdminServerFixture()
    let client = try server.connect()
    client.send(
      #"{"jsonrpc":"2.0","method":"echo","params":[1,2]}"# + "\n"
        + #"{"jsonrpc":"2.0","method":"foobar"}"# + "\n"
        + #"[{"jsonrpc":"2.0","method":"size"},{"jsonrpc":"2.0","method":"fail"}]"# + "\n")
    #expect(
      client.exchange(#"{"jsonrpc":"2.0","method":"check","params":{"limit":1},"id":1}"#)
        == #"{"jsonrpc":"2.0","id":1,"result":1}"#)
    #expect(server.backend.methods.withLock { $0 } == ["echo", "foobar", "size", "fail", "check"])
  }

  @Test func batchesAreAnsweredInOneArray() throws {
    let server = try AdminServerFixture()
    let line = try #require(
      try server.connect().exchange(
        #"[{"jsonrpc":"2.0","method":"echo","params":[1],"id":"1"},"#
          + #"{"jsonrpc":"2.0","method":"echo","params":[7]},"#
          + #"{"foo":"boo"},1,[],"#
          + #"{"jsonrpc":"2.0","method":"foo.get","params":{"name":"myself"},"id":"5"},"#
          + #"{"jsonrpc":"2.0","method":"echo","id":9}]"#))
    let answers = try #require(try JSONValue(parsing: line).arrayValue)
    #expect(answers.map { $0["id"] } == ["1", .null, .null, .null, "5", 9])
    #expect(
      answers.map { $0["error"]?["code"]?.intValue }
        == [nil, -32600, -32600, -32600, -32601, nil])
    #expect(answers.first?["result"] == [1])
    #expect(answers.last?["result"] == [:])
  }

  @Test func pipelinedRequestsAreAnsweredInOrder() throws {
    let server = try AdminServerFixture()
    let client = try server.connect()
    var lines = ""
    for id in 0..<5_000 {
      lines += #"{"jsonrpc":"2.0","method":"echo","params":{"n":\#(id * 3)},"id":\#(id)}"# + "\n"
    }
    let bytes = Array(lines.utf8)
    var sent = 0
    var received = 0
    while received < 5_000 {
      if sent < bytes.count { sent += client.sendWithoutWaiting(bytes[sent...]) }
      guard let line = client.readLine() else { break }
      #expect(line == #"{"jsonrpc":"2.0","id":\#(received),"result":{"n":\#(received * 3)}}"#)
      received += 1
    }
    #expect(received == 5_000)
  }

  /// The answer to a line where one may have 1,000 bytes.
  func shortAnswer(to line: String, by backend: FakeBackend = FakeBackend()) throws -> JSONValue {
    var exchange = AdminExchange(line: Array(line.utf8), limit: 1_000)
    while !exchange.isDone { exchange.handleNext(by: backend) }
    return try JSONValue(parsing: exchange.answerLine ?? [])
  }

  @Test func tooLongAnAnswerBecomesAnError() throws {
    func request(_ count: Int) -> String {
      #"{"jsonrpc":"2.0","method":"size","params":{"count":\#(count)},"id":\#(count)}"#
    }
    // {"jsonrpc":"2.0","id":962,"result":""} has 38 bytes.
    #expect(try shortAnswer(to: request(962))["result"]?.stringValue?.utf8.count == 962)
    #expect(try shortAnswer(to: request(963))["error"]?["code"] == -32000)
    #expect(try shortAnswer(to: request(963))["id"] == 963)
    // The second has no room left beside the first, the third is small enough.
    let batch = "[" + [600, 601, 5].map(request).joined(separator: ",") + "]"
    let answers = try #require(try shortAnswer(to: batch).arrayValue)
    #expect(answers.map { $0["result"]?.stringValue?.utf8.count } == [600, nil, 5])
    #expect(answers.map { $0["error"]?["code"]?.intValue } == [nil, -32000, nil])
  }

  /// Once a batch's answers are too long, the rest of it is not done.
  @Test func aBatchEndsWhereItsAnswersAreTooLong() throws {
    let backend = FakeBackend()
    let request = #"{"jsonrpc":"2.0","method":"echo","id":1}"#
    let batch = "[" + [String](repeating: request, count: 100).joined(separator: ",") + "]"
    let answers = try #require(try shortAnswer(to: batch, by: backend).arrayValue)
    #expect(answers.count == 100)
    #expect(answers.last?["error"]?["code"] == -32000)
    // {"jsonrpc":"2.0","id":1,"result":{}} and its comma have 37 bytes: 27 fit.
    #expect(answers.count { $0["result"] == [:] } == 27)
    #expect(backend.callCount < 40)
  }
}
