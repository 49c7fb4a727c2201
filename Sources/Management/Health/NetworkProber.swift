import NIOCore
import Wire

/// Checks through the kernel's own stack: to the server's own address, or along the traffic's path.
///
/// Not thread-safe: its calls come from one event loop.
final class NetworkProber: HealthProber, @unchecked Sendable {
  private var echoIPv4: EchoSocket?
  private var echoIPv6: EchoSocket?
  private let path: PathProber?

  /// - Parameter path: makes the checks along the path; nil makes none
  init(path: PathProber? = nil) { self.path = path }

  func probe(_ check: HealthCheck, on loop: any EventLoop) -> EventLoopFuture<CheckResult> {
    if let source = check.source {
      return path?.probe(check, from: source, on: loop)
        ?? loop.makeSucceededFuture(.unable("checks to the vip are not made"))
    }
    return check.question == .icmp ? echo(check, on: loop) : check.ask(from: nil, on: loop)
  }

  /// The socket is opened with the first check that needs it. Where that fails, each later check
  /// tries again: rights may be given meanwhile.
  private func echo(
    _ check: HealthCheck, on loop: any EventLoop
  ) -> EventLoopFuture<CheckResult> {
    let isIPv4 = check.address.isIPv4
    let socket: EchoSocket
    if let open = isIPv4 ? echoIPv4 : echoIPv6, open.isOpen {
      socket = open
    } else {
      do {
        socket = try EchoSocket(isIPv4 ? .ipv4 : .ipv6, on: loop)
      } catch {
        return loop.makeSucceededFuture(.unable(error.text))
      }
      if isIPv4 { echoIPv4 = socket } else { echoIPv6 = socket }
    }
    return socket.echo(check.address, timeout: check.timeoutAmount)
  }

  func stop() {
    echoIPv4?.close()
    echoIPv6?.close()
  }
}

extension HealthCheck {
  /// Asks its question by TCP.
  func ask(
    from origin: ProbeOrigin?, on loop: any EventLoop
  ) -> EventLoopFuture<CheckResult> {
    let address = SocketAddress(address, port: port)
    return switch question {
    case .http(let question):
      HTTPProbe.run(question, at: address, timeout: timeoutAmount, on: loop, from: origin)
    case .tcp, .icmp: TCPProbe.run(address, timeout: timeoutAmount, on: loop, from: origin)
    }
  }
}

extension SocketAddress {
  /// For an IPv6 address there is no scope.
  init(_ address: IPAddress, port: UInt16) {
    var bytes = ByteBuffer()
    if address.isIPv4 {
      bytes.writeInteger(address.ipv4Word, endianness: .host)
    } else {
      bytes.writeInteger(address.high, endianness: .host)
      bytes.writeInteger(address.low, endianness: .host)
    }
    guard let made = try? SocketAddress(packedIPAddress: bytes, port: Int(port)) else {
      preconditionFailure("4 or 16 bytes are an address")
    }
    self = made
  }
}
