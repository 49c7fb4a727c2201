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
    let big = #"{"jsonrpc":"2.0","method":"size","params":{"count":3000000},"id":1}"# + "\n"
    for round in 0..<60 {
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

  /// 20,000 requests of 10,000 bytes each would be 200 MB of answers; only what fits into the buffers
  /// is done before the client reads.
  @Test func aClientThatDoesNotReadIsNotReadFrom() throws {
    let server = try AdminServerFixture()
    let client = try server.connect()
    var lines = ""
    for id in 0..<20_000 {
      lines += #"{"jsonrpc":"2.0","method":"size","params":{"count":10000},"id":\#(id)}"# + "\n"
    }
    let bytes = Array(lines.utf8)
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
    #expect(server.backend.methods.withLock { $0.count { $0 == "size" } } < 1_000)
    // It reads at last, and gets everything.
    var received = 0
    while received < 20_000 {
      sent += sent < bytes.count ? client.sendWithoutWaiting(bytes[sent...]) : 0
      guard let line = client.readLine(),
        line.hasPrefix(#"{"jsonrpc":"2.0","id":\#(received),"result":"xxx"#)
      else { break }
      received += 1
    }
    #expect(received == 20_000)
  }
}
