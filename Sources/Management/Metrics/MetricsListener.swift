import Glibc
import NIOCore

enum MetricsListener {
  /// Opens a listening TCP socket at once, so that a reload can be refused before anything changes.
  ///
  /// - Returns: the descriptor, which the caller owns
  static func listen(at wanted: Configuration.SocketAddress) throws(MetricsError) -> CInt {
    let domain = wanted.address.isIPv4 ? AF_INET : AF_INET6
    let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(domain, type, 0)
    guard descriptor >= 0 else { throw failure(wanted, errno) }
    var yes: CInt = 1
    _ = unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
    let address = SocketAddress(wanted.address, port: wanted.port)
    let isBound = unsafe address.withSockAddr { pointer, length in
      unsafe bind(descriptor, pointer, socklen_t(length)) == 0
    }
    guard isBound, Glibc.listen(descriptor, 128) == 0 else {
      let code = errno
      close(descriptor)
      throw failure(wanted, code)
    }
    return descriptor
  }

  private static func failure(
    _ wanted: Configuration.SocketAddress, _ code: CInt
  ) -> MetricsError {
    let advice =
      switch code {
      case EADDRINUSE: "end what listens there, or choose another port"
      case EADDRNOTAVAIL: "choose an address of this host"
      case EACCES: "choose a port above 1023"
      default: "choose another address or port"
      }
    return MetricsError(
      description: "metrics: \(wanted) cannot be opened (\(SystemError.text(code))): \(advice)",
      isInUse: code == EADDRINUSE)
  }
}
