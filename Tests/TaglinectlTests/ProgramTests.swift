import AdminProtocol
import Foundation
import Management
import NIOCore
import NIOPosix
import Testing

/// The real program against a real server: output and exit codes.
@Suite struct ProgramTests {
  struct Backend: AdminBackend {
    func handle(method: String, params: JSONValue) -> Result<JSONValue, AdminError> {
      switch method {
      case "show.counters": .success(["rx.packets": .unsigned(.max), "drop.arp": 0])
      case "show.sessions":
        .success([
          "total": 0, "sessions": [], "pad": .string(String(repeating: "x", count: 1 << 20)),
        ])
      case "server.set": .failure(.operational("there is no server '\(params["server"] ?? "")'"))
      default: .failure(.methodNotFound(method))
      }
    }
  }

  let directory = FileManager.default.temporaryDirectory.path + "/tagline-" + UUID().uuidString
  var socket: String { directory + "/admin.sock" }

  /// Runs the program; its exit code, output and error output.
  func run(
    _ arguments: [String], environment: [String: String] = [:]
  ) throws -> (code: Int32, output: String, error: String) {
    let process = Process()
    let products = URL(
      fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    ).deletingLastPathComponent()
    process.executableURL = products.appendingPathComponent("taglinectl")
    process.arguments = arguments
    process.environment = environment
    let (output, error) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = error
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let errorText = error.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    return (
      process.terminationStatus, String(decoding: text, as: UTF8.self),
      String(decoding: errorText, as: UTF8.self)
    )
  }

  func withServer(_ body: () throws -> Void) throws {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let server = try AdminServer.start(path: socket, on: loop, backend: Backend()).wait()
    defer {
      try? server.stop().wait()
      try? FileManager.default.removeItem(atPath: directory)
    }
    try body()
  }

  @Test func answersArePrinted() throws {
    try withServer {
      let table = try run(["--socket", socket, "show", "counters"])
      #expect(table.code == 0)
      #expect(
        table.output == """
          COUNTER                    COUNT
          rx.packets  18446744073709551615
          counters that are 0: 1 (--all shows them)

          """)
      let json = try run(["show", "counters", "--json"], environment: ["TAGLINE_SOCKET": socket])
      #expect(json.code == 0)
      #expect(json.output == #"{"rx.packets":18446744073709551615,"drop.arp":0}"# + "\n")
      let long = try run(["--socket", socket, "--json", "show", "sessions"])
      #expect(long.code == 0)
      #expect(long.output.utf8.count > 1 << 20)
    }
  }

  @Test func refusalsEndWithOne() throws {
    try withServer {
      let refused = try run(["--socket", socket, "server", "set", "a/b", "--weight", "1"])
      #expect(refused.code == 1)
      #expect(refused.output == "")
      #expect(refused.error == "taglinectl: there is no server '\"a/b\"'\n")
      let unknown = try run(["--socket", socket, "status"])
      #expect(unknown.code == 1)
      #expect(unknown.error == "taglinectl: there is no method 'status'\n")
    }
    #expect(try run(["frobnicate"]).code == 1)
    let help = try run(["--help"])
    #expect(help.code == 0)
    #expect(help.output.contains("USAGE: taglinectl"))
  }

  @Test func anUnreachableSocketEndsWithTwo() throws {
    let missing = try run(["--socket", socket, "status"])
    #expect(missing.code == 2)
    #expect(missing.error.hasPrefix("taglinectl: there is no admin socket \(socket)"))
    #expect(missing.error.filter { $0 == "\n" }.count == 1)
  }

  /// What listens there answers otherwise than an appliance, or never.
  @Test(arguments: [
    ("hello\n", "gives no JSON-RPC answer"), ("{}\n", "gives no JSON-RPC answer"),
    ("half a line", "closed the connection without an answer"),
    ("", "closed the connection without an answer"),
  ])
  func aStrangerEndsWithTwo(answer: String, message: String) throws {
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let listener = try ServerBootstrap(group: loop)
      .childChannelInitializer { channel in
        channel.writeAndFlush(ByteBuffer(string: answer)).whenComplete { _ in
          channel.close(mode: .output, promise: nil)
        }
        return loop.makeSucceededVoidFuture()
      }
      .bind(unixDomainSocketPath: socket).wait()
    defer { try? listener.close().wait() }
    let result = try run(["--socket", socket, "status"])
    #expect(result.code == 2)
    #expect(result.error.contains(message))
  }

  @Test func silenceEndsWithTwo() throws {
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let listener = try ServerBootstrap(group: loop).bind(unixDomainSocketPath: socket).wait()
    defer { try? listener.close().wait() }
    let result = try run(["--socket", socket, "status"])
    #expect(result.code == 2)
    #expect(result.error.hasPrefix("taglinectl: no answer for 5 s"))
  }

  @Test func aReaderThatLeavesIsNoCrash() throws {
    try withServer {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/bash")
      let products = URL(
        fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      ).deletingLastPathComponent().path
      process.arguments = [
        "-c",
        "\(products)/taglinectl --socket \(socket) --json show sessions | head -c 10 >/dev/null; "
          + "exit ${PIPESTATUS[0]}",
      ]
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
    }
  }
}
