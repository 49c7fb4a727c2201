import Glibc

/// Whoever started the process and waits for it to be ready: systemd with `Type=notify`, or another that
/// speaks sd_notify(3).
struct ServiceManager {
  let socketPath: String

  /// - Parameter environment: `NOTIFY_SOCKET`, the path of a datagram socket; with `@` for the first
  ///   byte it is an abstract name (unix(7))
  /// - Returns: nil where nobody waits
  init?(environment: [String: String]) {
    guard let path = environment["NOTIFY_SOCKET"], path.hasPrefix("/") || path.hasPrefix("@"),
      path.utf8.count < Self.pathCapacity
    else { return nil }
    socketPath = path
  }

  /// Packets are forwarded, and the admin socket answers.
  func tellReady() { tell("READY=1") }

  func tellStopping() { tell("STOPPING=1") }

  /// A service manager that does not hear is nothing to end for.
  private func tell(_ state: String) {
    let type = CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = socket(AF_UNIX, type, 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var path = Array(socketPath.utf8)
    if path[0] == UInt8(ascii: "@") { path[0] = 0 }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
    // An abstract name ends with the address, a path with a zero.
    let length = Self.pathOffset + path.count + (path[0] == 0 ? 0 : 1)
    let text = Array(state.utf8)
    _ = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe sendto(descriptor, text, text.count, 0, $0, socklen_t(length))
      }
    }
  }

  private static let pathOffset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
  private static let pathCapacity = MemoryLayout<sockaddr_un>.size - pathOffset
}
