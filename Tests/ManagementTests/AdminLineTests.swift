import AdminProtocol
import Foundation
import Testing

/// How bytes become lines, whatever comes.
@Suite struct AdminLineTests {
  static let request = #"{"jsonrpc":"2.0","method":"echo","params":{"n":1},"id":1}"#
  static let answer = #"{"jsonrpc":"2.0","id":1,"result":{"n":1}}"#

  @Test func aLineMayComeInPieces() throws {
    let server = try AdminServerFixture()
    let client = try server.connect()
    for byte in Array(AdminLineTests.request.utf8) {
      client.send([byte])
      usleep(200)
    }
    client.send("\n" + AdminLineTests.request.prefix(20))
    #expect(client.readLine() == AdminLineTests.answer)
    client.send(AdminLineTests.request.dropFirst(20) + "\n")
    #expect(client.readLine() == AdminLineTests.answer)
  }

  @Test func blankLinesAreIgnoredAndCarriageReturnsAllowed() throws {
    let server = try AdminServerFixture()
    let client = try server.connect()
    client.send("\n\r\n  \t \n" + AdminLineTests.request + "\r\n\n")
    #expect(client.readLine() == AdminLineTests.answer)
    #expect(client.exchange(AdminLineTests.request) == AdminLineTests.answer)
  }

  @Test func theLastLineNeedsNoEnd() throws {
    let server = try AdminServerFixture()
    let client = try server.connect()
    client.send(AdminLineTests.request + "\n" + AdminLineTests.request)
    client.closeOutput()
    #expect(client.readLine() == AdminLineTests.answer)
    #expect(client.readLine() == AdminLineTests.answer)
    #expect(client.readLine() == nil)
    #expect(client.isAtEnd)
  }

  /// A request padded by its parameter to `length` bytes.
  func request(length: Int) -> String {
    let head = #"{"jsonrpc":"2.0","method":"size","params":{"pad":""#
    let tail = #"","count":2},"id":5}"#
    return head + String(repeating: "p", count: length - head.utf8.count - tail.utf8.count) + tail
  }

  @Test(arguments: ["\n", "\r\n"])
  func aLineOfOneMebibyteIsAnswered(lineEnd: String) throws {
    let server = try AdminServerFixture()
    let client = try server.connect()
    client.send(request(length: 1 << 20) + lineEnd)
    #expect(client.readLine() == #"{"jsonrpc":"2.0","id":5,"result":"xx"}"#)
    #expect(client.exchange(AdminLineTests.request) == AdminLineTests.answer)
  }

  @Test(arguments: ["\n", "\r\n", "", "\nmore\n"])
  func aLongerLineIsRefusedOnceAndTheConnectionClosed(lineEnd: String) throws {
    let server = try AdminServerFixture()
    let client = try server.connect()
    client.send(AdminLineTests.request + "\n")
    client.send(request(length: 1 << 20 + 1) + lineEnd)
    // Who still sends is not cut off, and so gets to read why.
    if lineEnd.isEmpty { #expect(client.send(String(repeating: "p", count: 3 << 20))) }
    #expect(client.readLine() == AdminLineTests.answer)
    let refusal = try #require(client.readLine())
    #expect(refusal.hasPrefix(#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"#))
    #expect(client.readLine() == nil)
    #expect(client.isAtEnd)
    #expect(server.backend.methods.withLock { $0 } == ["echo"])
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func garbageIsAnsweredByErrorsAndTheConnectionLives(seed: UInt64) throws {
    let server = try AdminServerFixture()
    let client = try server.connect()
    var state = seed
    func random() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 33
    }
    for _ in 0..<200 {
      // The first byte begins no JSON text, and makes the line no blank one.
      var line: [UInt8] = [0xFF]
      for _ in 0..<random() % 2_000 {
        let byte = UInt8(truncatingIfNeeded: random())
        if byte != 0x0A { line.append(byte) }
      }
      client.send(line + [0x0A])
      let answer = try #require(client.readLine())
      #expect(answer.hasPrefix(#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"#))
    }
    #expect(client.exchange(AdminLineTests.request) == AdminLineTests.answer)
  }

  @Test func deepNestingIsAnErrorAndTheConnectionLives() throws {
    let server = try AdminServerFixture()
    let client = try server.connect()
    for text in ["[", #"{"a":"#, "[{\"a\":"] {
      let line = String(repeating: text, count: 100_000)
      let answer = try #require(client.exchange(line))
      #expect(answer.hasPrefix(#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"#))
    }
    #expect(client.exchange(AdminLineTests.request) == AdminLineTests.answer)
  }
}
