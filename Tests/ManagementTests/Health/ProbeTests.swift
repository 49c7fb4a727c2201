import Glibc
import NIOCore
import NIOPosix
import Synchronization
import Testing
import Wire

@testable import Management

/// A TCP server on loopback that reads a request and answers with fixed bytes.
private final class CannedServer: Sendable {
  enum End: Sendable { case close, stayOpen }

  let port: UInt16
  private let channel: any Channel

  /// - Parameter parts: sent one after the other, 20 ms apart
  init(_ parts: [String], _ end: End = .close) throws {
    let received = ReceivedText()
    channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            CannedHandler(parts: parts, end: end, received: received))
        }
      }
      .bind(host: "127.0.0.1", port: 0).wait()
    port = UInt16(channel.localAddress?.port ?? 0)
    self.received = received
  }

  private let received: ReceivedText
  var request: String { received.text.withLock { $0 } }

  deinit { try? channel.close().wait() }
}

private final class ReceivedText: Sendable {
  let text = Mutex("")
}

private final class CannedHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  let parts: [String]
  let end: CannedServer.End
  let received: ReceivedText
  var seen = ""

  init(parts: [String], end: CannedServer.End, received: ReceivedText) {
    self.parts = parts
    self.end = end
    self.received = received
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    seen += String(buffer: unwrapInboundIn(data))
    guard seen.hasSuffix("\r\n\r\n") else { return }
    received.text.withLock { $0 = seen }
    send(0, context)
  }

  func send(_ place: Int, _ context: ChannelHandlerContext) {
    guard place < parts.count else {
      if end == .close { context.close(promise: nil) }
      return
    }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: parts[place])), promise: nil)
    context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(20)) {
      self.send(place + 1, context)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

@Suite struct ProbeTests {
  private static let loop = MultiThreadedEventLoopGroup.singleton.next()
  private static let ok = "HTTP/1.1 200 OK\r\n"

  private func run(
    _ question: HealthCheck.Question, _ address: String = "127.0.0.1",
    timeout: Duration = .seconds(60)
  ) async throws -> CheckResult {
    let check = HealthCheck(
      address: try #require(IPAddress(address)), question: question, interval: .seconds(1),
      timeout: timeout, jitter: 0)
    let prober = NetworkProber()
    return try await Self.loop.flatSubmit { prober.probe(check, on: Self.loop) }.get()
  }

  private func http(
    _ server: CannedServer, status: ClosedRange<Int> = 200...399, body: String? = nil,
    timeout: Duration = .seconds(60)
  ) async throws -> CheckResult {
    let question = HTTPQuestion(
      port: server.port, path: "/health?deep=1", host: "www.example.org", status: status, body: body
    )
    return try await run(.http(question), timeout: timeout)
  }

  /// RFC 9112 3: request line, Host, and an end to the connection.
  @Test func theRequest() async throws {
    let server = try CannedServer([Self.ok + "Content-Length: 0\r\n\r\n"])
    #expect(try await http(server) == .good)
    let lines = server.request.components("\r\n")
    #expect(lines.first == "GET /health?deep=1 HTTP/1.1")
    let headers = lines.dropFirst().map { $0.lowercased() }
    #expect(headers.contains("host: www.example.org"))
    #expect(headers.contains("connection: close"))
    #expect(headers.contains("user-agent: tagline/0.1.0"))
  }

  /// Answers of every framing (RFC 9112 6), whole and in parts.
  @Test(
    arguments: [
      ["HTTP/1.1 204 No Content\r\n\r\n"], ["HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"],
      [ok + "Content-Length: 12\r\n\r\nall is well\n"],
      [ok, "Content-Le", "ngth: 12\r\n\r\nall i", "s well\n"],
      [ok + "Transfer-Encoding: chunked\r\n\r\n6\r\nall is\r\n", "6\r\n well\n\r\n0\r\n\r\n"],
      ["HTTP/1.0 200 OK\r\n\r\nall is well\n"],
      ["HTTP/1.1 100 Continue\r\n\r\n", ok + "Content-Length: 0\r\n\r\n"],
    ])
  func goodAnswers(_ parts: [String]) async throws {
    #expect(try await http(CannedServer(parts)) == .good)
  }

  @Test func statusIsCompared() async throws {
    let answer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
    #expect(try await http(CannedServer([answer])) == .bad("status 503"))
    #expect(try await http(CannedServer([answer]), status: 503...503) == .good)
    let fine = Self.ok + "Content-Length: 0\r\n\r\n"
    #expect(try await http(CannedServer([fine]), status: 201...299) == .bad("status 200"))
  }

  @Test func bodyIsSearched() async throws {
    let answer = [Self.ok + "Content-Length: 12\r\n\r\nall i", "s well\n"]
    #expect(try await http(CannedServer(answer), body: "is well") == .good)
    #expect(
      try await http(CannedServer(answer), body: "is bad") == .bad("the body has no \"is bad\""))
    // Within the first 64 KiB alone, and without waiting for the end of more.
    let long = Self.ok + "Content-Length: 9000000\r\n\r\n" + String(repeating: "x", count: 65_536)
    #expect(
      try await http(CannedServer([long, "OK"], .stayOpen), body: "OK")
        == .bad("the body has no \"OK\""))
    let early =
      Self.ok + "Content-Length: 9000000\r\n\r\nOK" + String(repeating: "x", count: 65_534)
    #expect(try await http(CannedServer([early], .stayOpen), body: "OK") == .good)
  }

  @Test func whatIsNoAnswer() async throws {
    #expect(
      try await http(CannedServer([])) == .bad("connection closed without an answer"))
    #expect(
      try await http(CannedServer(["HTTP/1.1 200 OK\r\nContent-"]))
        == .bad("connection closed within the answer"))
    #expect(
      try await http(CannedServer(["SSH-2.0-OpenSSH_9.2\r\n"])) == .bad("the answer is no HTTP"))
  }

  /// Connected but silent, and one that never ends its answer.
  @Test(arguments: [[], [ok], [ok + "Content-Length: 5\r\n\r\nabc"]])
  func slowServers(_ parts: [String]) async throws {
    let started = ContinuousClock.now
    let result = try await http(CannedServer(parts, .stayOpen), timeout: .milliseconds(300))
    #expect(result == .bad("timeout after 300 ms"))
    #expect(ContinuousClock.now - started >= .milliseconds(300))
  }

  @Test func connections() async throws {
    let server = try CannedServer([])
    #expect(try await run(.tcp(port: server.port)) == .good)
    // Bound, so that nobody else may listen there.
    let bound = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(bound) }
    let port = try #require(Machine.bind(bound, to: "127.0.0.1"))
    #expect(try await run(.tcp(port: port)) == .bad("connection refused"))
    let question = HTTPQuestion(port: port, path: "/", host: "x", status: 200...399, body: nil)
    #expect(try await run(.http(question)) == .bad("connection refused"))
  }

  /// Many on one socket, each with its own answer.
  @Test(.enabled(if: Machine.mayEcho), arguments: Machine.loopbackAddresses)
  func echo(_ address: String) async throws {
    let prober = NetworkProber()
    let check = HealthCheck(
      address: try #require(IPAddress(address)), question: .icmp, interval: .seconds(1),
      timeout: .seconds(60), jitter: 0)
    let results = try await Self.loop.flatSubmit {
      EventLoopFuture.whenAllSucceed(
        (0..<50).map { _ in prober.probe(check, on: Self.loop) }, on: Self.loop)
    }.get()
    #expect(results == Array(repeating: .good, count: 50))
    try await Self.loop.submit { prober.stop() }.get()
  }

  @Test func faultsOfThisMachine() {
    func result(_ code: CInt) -> CheckResult { CheckResult(IOError(errnoCode: code, reason: "")) }
    #expect(result(EMFILE) == .unable("too many open files"))
    #expect(result(EADDRNOTAVAIL) == .unable("cannot assign requested address"))
    #expect(result(EHOSTUNREACH) == .bad("no route to host"))
    #expect(result(ECONNRESET) == .bad("connection reset by peer"))
    #expect(CheckResult(ChannelError.connectTimeout(.seconds(1))) == .bad("timeout after 1 s"))
  }
}

extension String {
  fileprivate func components(_ separator: String) -> [String] {
    split(separator: separator, omittingEmptySubsequences: false).map(String.init)
  }
}
