import Glibc
import NIOCore

/// The Unix socket's file: claimed from a stale owner, never from a live one or from a file of
/// another kind; removed only while it is still ours.
struct AdminSocketFile: Sendable, Equatable {
  let path: String
  private let device: UInt
  private let inode: UInt

  /// Opens a listening socket at `path`, mode 0600.
  ///
  /// - Returns: the listening descriptor, which the caller owns, and the file.
  /// - Throws: if another process listens there, if something else is there, if a call fails.
  static func listen(
    at path: String
  ) throws(AdminSocketError) -> (descriptor: CInt, file: AdminSocketFile) {
    let address: SocketAddress
    do {
      // An empty path would bind to a name outside the file system (unix(7)).
      guard !path.isEmpty else { throw SocketAddressError.unixDomainSocketPathTooLong }
      address = try SocketAddress(unixDomainSocketPath: path)
    } catch {
      throw AdminSocketError(
        "the admin socket's path '\(path)' must have 1 to 107 bytes: choose a shorter one")
    }
    let parent = AdminSocketFile.parent(of: path)
    if unsafe mkdir(parent, 0o755) != 0, errno != EEXIST {
      throw failure("the directory \(parent) cannot be made", errno, "make it first")
    }
    let lock = lockDirectory(parent)
    defer { if lock >= 0 { close(lock) } }
    try clear(path: path, address: address)
    return try bind(path: path, address: address)
  }

  /// Unlinks the file, unless another one stands in its place by now.
  func remove() {
    let lock = AdminSocketFile.lockDirectory(AdminSocketFile.parent(of: path))
    defer { if lock >= 0 { close(lock) } }
    if let status = AdminSocketFile.status(of: path), status.st_dev == device,
      status.st_ino == inode
    {
      _ = unsafe unlink(path)
    }
  }

  /// Makes room at `path` by removing a socket that nobody listens on.
  private static func clear(path: String, address: SocketAddress) throws(AdminSocketError) {
    guard let status = status(of: path) else {
      if errno == ENOENT { return }
      throw failure("the admin socket \(path) cannot be looked at", errno, "check its path")
    }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw AdminSocketError(
        "\(path) is there and is no socket: move it away, or choose another admin socket")
    }
    switch probe(address) {
    case 0, EAGAIN:
      throw AdminSocketError(
        "another appliance listens on \(path): stop it, or choose another admin socket")
    case ECONNREFUSED:
      if unsafe unlink(path) != 0, errno != ENOENT {
        throw failure("the stale admin socket \(path) cannot be removed", errno, "remove it")
      }
    case ENOENT: break
    case let code:
      throw failure(
        "\(path) is there and does not answer as a stream socket", code,
        "remove it, or choose another admin socket")
    }
  }

  /// What connecting to the socket says: 0 or an errno value.
  private static func probe(_ address: SocketAddress) -> CInt {
    let descriptor = openSocket(SOCK_NONBLOCK)
    guard descriptor >= 0 else { return errno }
    defer { close(descriptor) }
    let result = unsafe address.withSockAddr { pointer, length in
      unsafe connect(descriptor, pointer, socklen_t(length))
    }
    return result == 0 ? 0 : errno
  }

  private static func bind(
    path: String, address: SocketAddress
  ) throws(AdminSocketError) -> (descriptor: CInt, file: AdminSocketFile) {
    let descriptor = openSocket()
    guard descriptor >= 0 else {
      throw failure("no socket can be opened", errno, "raise the limit of open files")
    }
    // Linux gives the file the mode of the unbound socket, less the umask (unix(7), unix_bind), so
    // that no moment passes in which others may connect.
    _ = fchmod(descriptor, 0o600)
    let isBound = unsafe address.withSockAddr { pointer, length in
      unsafe Glibc.bind(descriptor, pointer, socklen_t(length)) == 0
    }
    guard isBound, Glibc.listen(descriptor, 128) == 0, let status = status(of: path) else {
      let code = errno
      close(descriptor)
      throw failure(
        "the admin socket \(path) cannot be opened", code,
        "check the directory's rights, or choose another path")
    }
    return (descriptor, AdminSocketFile(path: path, device: status.st_dev, inode: status.st_ino))
  }

  /// Locks the directory, so that of two appliances that start at once one sees the other's socket.
  /// Where the lock is not had within half a second things go on without it.
  private static func lockDirectory(_ directory: String) -> CInt {
    let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return -1 }
    var tries = 0
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0, tries < 50 {
      tries += 1
      usleep(10_000)
    }
    return descriptor
  }

  private static func openSocket(_ flags: __socket_type...) -> CInt {
    let type = ([SOCK_STREAM, SOCK_CLOEXEC] + flags).reduce(0) { $0 | CInt($1.rawValue) }
    return socket(AF_UNIX, type, 0)
  }

  private static func status(of path: String) -> stat? {
    var status = stat()
    return unsafe lstat(path, &status) == 0 ? status : nil
  }

  private static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func failure(_ what: String, _ code: CInt, _ advice: String) -> AdminSocketError {
    AdminSocketError("\(what) (\(unsafe String(cString: strerror(code)))): \(advice)")
  }
}
