import AdminProtocol
import Foundation
import Management
import NIOPosix
import Synchronization

/// Answers `echo` with its parameters, `size` with a string of `count` bytes, `fail` with an error.
final class FakeBackend: AdminBackend {
  let methods = Mutex<[String]>([])

  var callCount: Int { methods.withLock { $0.count } }

  func handle(method: String, params: JSONValue) -> Result<JSONValue, AdminError> {
    methods.withLock { $0.append(method) }
    switch method {
    case "echo": return .success(params)
    case "size":
      return .success(.string(String(repeating: "x", count: params["count"]?.intValue ?? 0)))
    case "fail": return .failure(.operational("do something else"))
    case "check":
      return Result { () throws(AdminError) in
        try params.requireParameters(only: ["limit"])
        return JSONValue(try params.requiredIntegerParameter("limit", in: 1...10))
      }
    default: return .failure(.methodNotFound(method))
    }
  }
}

/// A server on a socket in a directory of its own; both end with the fixture.
final class AdminServerFixture {
  let directory: String
  let path: String
  let backend = FakeBackend()
  let server: AdminServer

  init() throws {
    directory = try makeTemporaryDirectory()
    path = directory + "/admin.sock"
    server = try startServer(path, backend)
  }

  deinit {
    try? server.stop().wait()
    try? FileManager.default.removeItem(atPath: directory)
  }

  func connect() throws -> AdminTestClient { try AdminTestClient(path: path) }
}

func startServer(_ path: String, _ backend: FakeBackend = FakeBackend()) throws -> AdminServer {
  let loop = MultiThreadedEventLoopGroup.singleton.next()
  return try AdminServer.start(path: path, on: loop, backend: backend).wait()
}

func makeTemporaryDirectory() throws -> String {
  let directory = FileManager.default.temporaryDirectory.path + "/tagline-" + UUID().uuidString
  try FileManager.default.createDirectory(
    atPath: directory, withIntermediateDirectories: false)
  return directory
}
