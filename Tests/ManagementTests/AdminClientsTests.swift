import AdminProtocol
import Foundation
import Testing

/// Many clients, clients that leave, clients that do not read.
@Suite struct AdminClientsTests {
  @Test func sixtyFourClientsAreServedAndMoreAreTold() throws {
    let server = try AdminServerFixture()
    let clients = try (0..<100).map { _ in try server.connect() }
    for client in clients { client.send(AdminLineTests.request + "\n") }
    var served = 0
    for client in clients {
      let line = try #require(client.readLine())
      if line == AdminLineTests.answer {
        served += 1
      } else {
        #expect(line.hasPrefix(#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"#))
        #expect(client.readLine() == nil)
        #expect(client.isAtEnd)
      }
    }
    #expect(served == 64)
  }

  @Test func aClientThatClosesMakesRoom() throws {
    let server = try AdminServerFixture()
    var clients = try (0..<64).map { _ in try server.connect() }
    for client in clients {
      #expect(client.exchange(AdminLineTests.request) == AdminLineTests.answer)
    }
    clients.removeLast()
    // The server sees the close when it next polls; until then it may refuse.
    var answer: String?
    for _ in 0..<100 where answer != AdminLineTests.answer {
      answer = try server.connect().exchange(AdminLineTests.request)
      if answer != AdminLineTests.answer { usleep(20_000) }
    }
    #expect(answer == AdminLineTests.answer)
    for client in clients {
      #expect(client.exchange(AdminLineTests.request) == AdminLineTests.answer)
    }
  }

  @Test func clientsThatLeaveHarmNothing() throws {
    let server = try AdminServerFixture()
    let other = try server.connect()
    let big = #"{"jsonrpc":"2.0","method":"size","params":{"count":600000},"id":1}"# + "\n"
    for round in 0..<16 {
      let client = try server.connect()
      switch round % 4 {
      case 0: break
      case 1: client.send(AdminLineTests.request.dropLast(9).description)
      case 2: client.send(big)
      default:
        client.send(big + big)
        client.closeOutput()
      }
    }
    #expect(other.exchange(AdminLineTests.request) == AdminLineTests.answer)
    var answer: String?
    for _ in 0..<100 where answer != AdminLineTests.answer {
      answer = try server.connect().exchange(AdminLineTests.request)
      if answer != AdminLineTests.answer { usleep(20_000) }
    }
    #expect(answer == AdminLineTests.answer)
  }

  /// 400 requests of 3,000 bytes with answers of 10,000: neither fit into the sockets' buffers, and
  /// only what fits into the buffers is done before the client reads.
  @Test func aClientThatDoesNotReadIsNotReadFrom() throws {
    let server = try AdminServerFixture()
    let client = try server.connect()
    let pad = String(repeating: "p", count: 3_000)
    let bytes = Array(
      (0..<400).map {
        #"{"jsonrpc":"2.0","method":"size","params":{"count":10000,"pad":"\#(pad)"},"id":\#($0)}"#
          + "\n"
      }.joined().utf8)
    let other = try server.connect()
    var sent = 0
    var idleRounds = 0
    while idleRounds < 3 {
      let count = client.sendWithoutWaiting(bytes[sent...])
      sent += count
      idleRounds = count == 0 ? idleRounds + 1 : 0
      #expect(other.exchange(AdminLineTests.request) == AdminLineTests.answer)
    }
    #expect(sent < bytes.count)
    #expect(server.backend.methods.withLock { $0.count { $0 == "size" } } < 200)
    // It reads at last, and gets everything.
    var received = 0
    while received < 400 {
      sent += sent < bytes.count ? client.sendWithoutWaiting(bytes[sent...]) : 0
      guard let line = client.readLine(),
        line.hasPrefix(#"{"jsonrpc":"2.0","id":\#(received),"result":"xxx"#)
      else { break }
      received += 1
    }
    #expect(received == 400)
  }

  /// What a client has asked for is answered though it has ended its output, however slowly it reads.
  @Test func aClientThatEndsItsOutputGetsAllItsAnswers() throws {
    let server = try AdminServerFixture()
    let client = try server.connect()
    for id in 0..<200 {
      client.send(
        #"{"jsonrpc":"2.0","method":"size","params":{"count":10000},"id":\#(id)}"# + "\n")
    }
    client.closeOutput()
    #expect(try server.connect().exchange(AdminLineTests.request) == AdminLineTests.answer)
    var received = 0
    while client.readLine() != nil { received += 1 }
    #expect(received == 200)
    #expect(client.isAtEnd)
  }

  @Test func aLongBatchLetsOthersHaveTheirTurn() throws {
    let server = try AdminServerFixture()
    let client = try server.connect()
    let request = #"{"jsonrpc":"2.0","method":"size","params":{"count":500},"id":1}"#
    let batch = "[" + [String](repeating: request, count: 12_000).joined(separator: ",") + "]"
    let other = try server.connect()
    client.send(batch + "\n")
    #expect(other.exchange(AdminLineTests.request) == AdminLineTests.answer)
    #expect(server.backend.methods.withLock { $0.count { $0 == "size" } } < 12_000)
    let answer = try #require(client.readLine())
    #expect(try JSONValue(parsing: answer).arrayValue?.count == 12_000)
  }
}
