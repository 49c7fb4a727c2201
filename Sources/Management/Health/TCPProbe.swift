import Glibc
import NIOCore
import NIOPosix

/// A connection to the server, closed as soon as it is there.
enum TCPProbe {
  static func run(
    _ address: SocketAddress, timeout: TimeAmount, on loop: any EventLoop,
    from origin: ProbeOrigin? = nil
  ) -> EventLoopFuture<CheckResult> {
    ClientBootstrap(group: loop)
      .connectTimeout(timeout)
      .from(origin)
      .channelOption(.autoRead, value: false)
      .channelInitializer { $0.resetOnClose() }
      .connect(to: address)
      .map { channel in
        channel.close(promise: nil)
        return .good
      }
      .recover { CheckResult($0) }
  }
}

extension Channel {
  /// Closing is to reset the connection, which leaves no TIME_WAIT behind (SO_LINGER in socket(7)):
  /// thousands of checks a second would fill the kernel's table with them.
  func resetOnClose() -> EventLoopFuture<Void> {
    guard let socket = self as? any SocketOptionProvider else {
      return eventLoop.makeSucceededVoidFuture()
    }
    return socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
  }
}
