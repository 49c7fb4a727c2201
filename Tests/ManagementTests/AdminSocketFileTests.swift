import Foundation
import Management
import Testing

/// The socket's file: its mode, and who may take its place.
@Suite struct AdminSocketFileTests {
  let directory: String
  let path: String

  init() throws {
    directory = try makeTemporaryDirectory()
    path = directory + "/admin.sock"
  }

  func mode(_ path: String) -> mode_t? {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode : nil
  }

  /// A socket that is bound, and listens if told to.
  func bindSocket(listening: Bool, type: __socket_type = SOCK_STREAM) -> CInt {
    let descriptor = socket(AF_UNIX, CInt(type.rawValue), 0)
    var address = unixAddress(path)
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    #expect(result == 0)
    if listening { listen(descriptor, 1) }
    return descriptor
  }

  func startError() -> String? {
    do {
      try startServer(path).stop().wait()
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func theSocketIsItsOwnersAlone() throws {
    let mask = umask(0)
    defer { umask(mask) }
    let server = try startServer(path)
    #expect(mode(path) == S_IFSOCK | 0o600)
    try server.stop().wait()
    #expect(mode(path) == nil)
    try server.stop().wait()
  }

  @Test func aMissingDirectoryIsMade() throws {
    let server = try startServer(directory + "/run/admin.sock")
    #expect(mode(directory + "/run").map { $0 & S_IFMT } == S_IFDIR)
    #expect(mode(directory + "/run").map { $0 & 0o022 } == 0)
    try server.stop().wait()
  }

  @Test func aDirectoryThatCannotBeMadeIsAnError() {
    #expect {
      try startServer(directory + "/no/such/admin.sock")
    } throws: {
      "\($0)".contains("\(directory)/no/such cannot be made (No such file or directory)")
    }
  }

  @Test func aStaleSocketIsReplaced() throws {
    close(bindSocket(listening: true))
    #expect(mode(path).map { $0 & S_IFMT } == S_IFSOCK)
    let server = try startServer(path)
    #expect(
      try AdminTestClient(path: path).exchange(AdminLineTests.request) == AdminLineTests.answer)
    try server.stop().wait()
  }

  @Test func aLiveSocketIsLeftAlone() throws {
    let first = try startServer(path)
    #expect(startError()?.hasPrefix("another appliance listens on \(path)") == true)
    #expect(
      try AdminTestClient(path: path).exchange(AdminLineTests.request) == AdminLineTests.answer)
    try first.stop().wait()
  }

  /// A backlog that is full looks like EAGAIN to who connects without waiting.
  @Test func aLiveSocketWithAFullBacklogIsLeftAlone() throws {
    let descriptor = bindSocket(listening: true)
    defer { close(descriptor) }
    let waiting = try (0..<2).map { _ in try AdminTestClient(path: path) }
    #expect(startError()?.hasPrefix("another appliance listens on \(path)") == true)
    withExtendedLifetime(waiting) {}
  }

  @Test func aSocketOfAnotherKindIsLeftAlone() throws {
    let descriptor = bindSocket(listening: false, type: SOCK_DGRAM)
    defer { close(descriptor) }
    #expect(startError()?.contains("does not answer as a stream socket") == true)
    #expect(mode(path).map { $0 & S_IFMT } == S_IFSOCK)
  }

  @Test func aForeignFileIsLeftAlone() throws {
    try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
    #expect(startError()?.hasPrefix("\(path) is there and is no socket") == true)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
  }

  @Test func aSymbolicLinkAndADirectoryAreLeftAlone() throws {
    symlink(directory + "/elsewhere", path)
    #expect(startError()?.hasPrefix("\(path) is there and is no socket") == true)
    #expect(mode(path).map { $0 & S_IFMT } == S_IFLNK)
    unlink(path)
    mkdir(path, 0o700)
    #expect(startError()?.hasPrefix("\(path) is there and is no socket") == true)
    #expect(mode(path).map { $0 & S_IFMT } == S_IFDIR)
  }

  @Test func aPathThatIsTooLongIsAnError() {
    #expect {
      try startServer("/tmp/" + String(repeating: "a", count: 103))
    } throws: {
      "\($0)".contains("must have 1 to 107 bytes")
    }
  }

  @Test func anEmptyPathIsAnError() {
    #expect {
      try startServer("")
    } throws: {
      "\($0)".contains("must have 1 to 107 bytes")
    }
  }

  @Test func stoppingDoesNotRemoveASuccessorsSocket() throws {
    let server = try startServer(path)
    unlink(path)
    let descriptor = bindSocket(listening: true)
    defer { close(descriptor) }
    try server.stop().wait()
    #expect(mode(path).map { $0 & S_IFMT } == S_IFSOCK)
  }

  @Test func stoppingEndsTheConnections() throws {
    let server = try startServer(path)
    let client = try AdminTestClient(path: path)
    #expect(client.exchange(AdminLineTests.request) == AdminLineTests.answer)
    try server.stop().wait()
    #expect(client.readLine() == nil)
    #expect(client.isAtEnd)
  }

  /// Of servers that start at once on one path, exactly one gets it.
  @Test func oneOfManyStartersWins() async throws {
    close(bindSocket(listening: true))
    let path = path
    let servers = await withTaskGroup(of: AdminServer?.self) { group in
      for _ in 0..<8 { group.addTask { try? startServer(path) } }
      return await group.reduce(into: []) { $0.append($1) }.compactMap { $0 }
    }
    #expect(servers.count == 1)
    #expect(
      try AdminTestClient(path: path).exchange(AdminLineTests.request) == AdminLineTests.answer)
    for server in servers { try await server.stop().get() }
  }
}
