import Foundation
import NIOCore
import NIOPosix
import Testing
import Wire

@testable import Management

/// A blocking client on loopback; reads give up after 20 s.
private final class Client {
  private let descriptor: CInt
  private var unread = ""

  init(port: UInt16) throws {
    descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var timeout = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    let address = SocketAddress(IPAddress("127.0.0.1") ?? IPAddress(ipv4Word: 0), port: port)
    let result = address.withSockAddr { connect(descriptor, $0, socklen_t($1)) }
    guard result == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
  }

  deinit { Glibc.close(descriptor) }

  func send(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL))
  }

  func closeOutput() { shutdown(descriptor, CInt(SHUT_WR)) }

  /// All that comes until the server closes; nil if it does not within 20 s.
  ///
  /// - Parameter pause: microseconds between two reads of 64 KiB
  func readAll(pause: UInt32 = 0) -> String? {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      if count == 0 || (count < 0 && errno == ECONNRESET) {
        return String(decoding: bytes, as: UTF8.self)
      }
      guard count > 0 else { return nil }
      bytes += chunk[..<count]
      usleep(pause)
    }
  }
}

@Suite struct MetricsServerTests {
  private struct Server: ~Copyable {
    let port: UInt16
    let server: MetricsServer

    init(_ limits: MetricsServer.Limits = .init(), page: String = "tagline_up 1\n") throws {
      let loop = MultiThreadedEventLoopGroup.singleton.next()
      (port, server) = try loop.submit {
        let listener = try MetricsServerTests.listen()
        let server = MetricsServer(descriptor: listener.descriptor, on: loop, limits: limits) {
          ByteBuffer(string: page)
        }
        return (listener.port, server)
      }.wait()
    }

    deinit { try? server.stop().wait() }

    func ask(_ request: String) throws -> String {
      let client = try Client(port: port)
      client.send(request)
      return try #require(client.readAll())
    }
  }

  /// On a port that was free a moment ago.
  static func listen() throws -> (descriptor: CInt, port: UInt16) {
    for _ in 0..<100 {
      let port = UInt16.random(in: 20_000...30_000)
      let address = Configuration.SocketAddress(
        address: try #require(IPAddress("127.0.0.1")), port: port)
      if let descriptor = try? MetricsListener.listen(at: address) { return (descriptor, port) }
    }
    throw POSIXError(.EADDRINUSE)
  }

  @Test func thePage() throws {
    let answer = try Server().ask("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(answer.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
    #expect(answer.contains("\r\nContent-Length: 13\r\n"))
    #expect(answer.hasSuffix("\r\n\r\ntagline_up 1\n"))
  }

  @Test(
    arguments: [
      ("GET /", "200 OK"), ("GET /metrics?x=1", "200 OK"), ("HEAD /metrics", "200 OK"),
      ("GET /metrics/", "404 Not Found"), ("GET /other", "404 Not Found"),
      ("GET //metrics", "404 Not Found"), ("POST /metrics", "405 Method Not Allowed"),
      ("DELETE /", "405 Method Not Allowed"), ("OPTIONS /metrics", "405 Method Not Allowed"),
    ])
  func pathsAndMethods(request: String, status: String) throws {
    let answer = try Server().ask("\(request) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    #expect(answer.hasPrefix("HTTP/1.1 \(status)\r\n"))
    #expect(answer.contains("\r\nAllow: GET, HEAD\r\n") == status.hasPrefix("405"))
    #expect(answer.contains("href=\"/metrics\"") == (request == "GET /"))
  }

  @Test func headHasNoBody() throws {
    let answer = try Server().ask("HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    #expect(answer.contains("\r\nContent-Length: 13\r\n"))
    #expect(answer.hasSuffix("\r\n\r\n"))
  }

  @Test func oldClients() throws {
    let answer = try Server().ask("GET /metrics HTTP/1.0\r\n\r\n")
    #expect(answer.hasSuffix("tagline_up 1\n"))
  }

  /// Three requests in one packet: three answers, in order.
  @Test func pipelining() throws {
    let answer = try Server().ask(
      "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\nGET /none HTTP/1.1\r\nHost: x\r\n\r\n"
        + "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    let statuses = answer.split(separator: "HTTP/1.1 ").map { $0.prefix(3) }
    #expect(statuses == ["200", "404", "200"])
    #expect(answer.hasSuffix("tagline_up 1\n"))
  }

  /// A client that ends its output gets its answers all the same, and one that asked for nothing is
  /// let go.
  @Test(arguments: ["GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "GET /met", ""])
  func halfClosedClients(_ request: String) throws {
    let server = try Server()
    let client = try Client(port: server.port)
    client.send(request)
    client.closeOutput()
    let answer = try #require(client.readAll())
    #expect(answer.hasSuffix("tagline_up 1\n") == request.hasSuffix("\r\n"))
  }

  @Test func noHTTP() throws {
    #expect(try Server().ask("hello\r\n\r\n").hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
  }

  /// A client that says nothing, one that sends a byte now and then, one that idles after an answer.
  @Test(arguments: ["", "GET /metrics HTTP/1.1\r\nX: ", "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"])
  func idleClientsAreClosed(_ request: String) throws {
    let server = try Server(.init(request: .milliseconds(300)))
    let started = ContinuousClock.now
    let client = try Client(port: server.port)
    client.send(request)
    let answer = try #require(client.readAll())
    #expect(ContinuousClock.now - started >= .milliseconds(300))
    #expect(answer.hasSuffix("tagline_up 1\n") == request.hasSuffix("\r\n\r\n"))
  }

  @Test func clientsThatDoNotReadAreClosed() throws {
    let page = String(repeating: "x", count: 64 << 20)
    let server = try Server(.init(answer: .milliseconds(300)), page: page)
    let client = try Client(port: server.port)
    client.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    // It would take ten seconds.
    let read = try #require(client.readAll(pause: 10_000))
    #expect(read.utf8.count < page.utf8.count)
  }

  /// Those that are too many are told so, and others get in when one has left.
  @Test func tooManyClients() throws {
    let server = try Server(.init(connections: 2))
    let request = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
    do {
      let held = [try Client(port: server.port), try Client(port: server.port)]
      for client in held { client.send(request) }
      Thread.sleep(forTimeInterval: 0.3)
      #expect(try server.ask(request).hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
      _ = held
    }
    let last = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    var answer = ""
    for _ in 0..<100 where !answer.hasPrefix("HTTP/1.1 200") {
      Thread.sleep(forTimeInterval: 0.05)
      answer = try server.ask(last)
    }
    #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
  }

  @Test func anAddressThatIsTaken() throws {
    let (descriptor, port) = try Self.listen()
    defer { close(descriptor) }
    let address = try #require(Configuration.SocketAddress("127.0.0.1:\(port)"))
    let error = #expect(throws: MetricsError.self) { try MetricsListener.listen(at: address) }
    #expect(error?.isInUse == true)
    #expect(
      error?.description == "metrics: 127.0.0.1:\(port) cannot be opened (address already in use): "
        + "end what listens there, or choose another port")
    let foreign = try #require(Configuration.SocketAddress("192.0.2.1:9464"))
    let other = #expect(throws: MetricsError.self) { try MetricsListener.listen(at: foreign) }
    #expect(other?.description.contains("choose an address of this host") == true)
  }
}
