import Glibc
import NIOCore
import Wire

@testable import Management

/// What differs between machines that tests run on.
enum Machine {
  /// Whether this process may send echo requests (icmp(7)).
  static let mayEcho = [SOCK_DGRAM, SOCK_RAW].contains { type in
    let flags = CInt(type.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(AF_INET, flags, CInt(IPPROTO_ICMP))
    defer { close(descriptor) }
    return descriptor >= 0
  }

  /// 127.0.0.0/8, and ::1 where IPv6 is on.
  static let loopbackAddresses: [String] = {
    let descriptor = socket(AF_INET6, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    let hasIPv6 = bind(descriptor, to: "::1") != nil
    return ["127.0.0.1", "127.1.2.3"] + (hasIPv6 ? ["::1"] : [])
  }()

  /// Binds a socket to a free port of an address; nil where the host does not have that.
  static func bind(_ descriptor: CInt, to address: String) -> UInt16? {
    guard let address = IPAddress(address) else { return nil }
    let isBound = SocketAddress(address, port: 0).withSockAddr { pointer, length in
      Glibc.bind(descriptor, pointer, socklen_t(length)) == 0
    }
    guard isBound else { return nil }
    var bound = sockaddr_in6()
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let isKnown = withUnsafeMutablePointer(to: &bound) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getsockname(descriptor, $0, &length) == 0
      }
    }
    // The port is at the same place as in sockaddr_in.
    return isKnown ? UInt16(bigEndian: bound.sin6_port) : nil
  }
}
