import Glibc
import NIOCore
import NIOPosix
import Wire

/// One socket for the echo requests of an address family, and those that wait for their answer.
///
/// Not thread-safe: everything happens on its event loop.
final class EchoSocket: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = AddressedEnvelope<ByteBuffer>

  struct Failure: Error {
    let text: String
  }

  private struct Waiting {
    let address: IPAddress
    let promise: EventLoopPromise<CheckResult>
    let timer: Scheduled<Void>
  }

  private let family: EchoMessage.Family
  private let loop: any EventLoop
  private let isRaw: Bool
  /// Reads the answers.
  private var channel: EventLoopFuture<any Channel>
  /// The same socket, to send by: a channel closes itself when one of its servers cannot be
  /// reached, which here says something of that server alone.
  private let sending: CInt
  /// Whether answers can still be read.
  private(set) var isOpen = true
  private let identifier = UInt16.random(in: .min ... .max)
  private var sequence: UInt16 = 0
  /// By token. Tokens cannot be guessed, so that nobody else can answer for a server.
  private var waiting: [UInt64: Waiting] = [:]

  /// - Parameter duplicate: gives a second descriptor of a socket, or -1 and `errno`
  init(
    _ family: EchoMessage.Family, on loop: any EventLoop,
    duplicate: (CInt) -> CInt = { fcntl($0, F_DUPFD_CLOEXEC, 0) }
  ) throws(Failure) {
    let (descriptor, isRaw) = try Self.open(family)
    let sending = duplicate(descriptor)
    guard sending >= 0 else {
      let code = errno
      Glibc.close(descriptor)
      throw Failure(text: "no socket for icmp checks: \(SystemError.text(code))")
    }
    self.family = family
    self.loop = loop
    self.isRaw = isRaw
    self.sending = sending
    let bound = loop.makePromise(of: (any Channel).self)
    channel = bound.futureResult
    DatagramBootstrap(group: loop)
      .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 2048))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(self)
        }
      }
      .withBoundSocket(descriptor)
      .cascade(to: bound)
  }

  deinit { Glibc.close(sending) }

  /// Sends a request and waits for its answer.
  func echo(_ address: IPAddress, timeout: TimeAmount) -> EventLoopFuture<CheckResult> {
    let promise = loop.makePromise(of: CheckResult.self)
    let token = UInt64.random(in: .min ... .max)
    sequence &+= 1
    let request = EchoMessage.request(
      family, identifier: identifier, sequence: sequence, token: token)
    let code = send(request, to: SocketAddress(address, port: 0))
    guard code == 0 else {
      return loop.makeSucceededFuture(CheckResult(IOError(errnoCode: code, reason: "sendto")))
    }
    let timer = loop.scheduleTask(in: timeout) { self.end(token, .timeout(timeout)) }
    waiting[token] = Waiting(address: address, promise: promise, timer: timer)
    return promise.futureResult
  }

  /// - Returns: 0 or an errno value
  private func send(_ request: ByteBuffer, to address: SocketAddress) -> CInt {
    let sent = unsafe request.withUnsafeReadableBytes { bytes in
      unsafe address.withSockAddr { pointer, length in
        unsafe sendto(
          sending, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL), pointer,
          socklen_t(length))
      }
    }
    return sent >= 0 ? 0 : errno
  }

  func close() { channel.whenSuccess { $0.close(promise: nil) } }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let envelope = unwrapInboundIn(data)
    guard let token = EchoMessage.replyToken(family, envelope.data, hasHeader: isRaw),
      let asked = waiting[token]?.address,
      SocketAddress(asked, port: 0).ipAddress == envelope.remoteAddress.ipAddress
    else { return }
    end(token, .good)
  }

  /// Such as a host that is not reachable, told for a request that was sent before: its time runs.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {}

  func channelInactive(context: ChannelHandlerContext) { isOpen = false }

  private func end(_ token: UInt64, _ result: CheckResult) {
    guard let asked = waiting.removeValue(forKey: token) else { return }
    asked.timer.cancel()
    asked.promise.succeed(result)
  }
}

extension EchoSocket {
  /// An unprivileged echo socket where `net.ipv4.ping_group_range` allows it (icmp(7)), else a raw
  /// one, which takes CAP_NET_RAW.
  private static func open(
    _ family: EchoMessage.Family
  ) throws(Failure) -> (descriptor: CInt, isRaw: Bool) {
    let domain = family == .ipv4 ? AF_INET : AF_INET6
    let number = CInt(family == .ipv4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)
    let flags = CInt(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let plain = socket(domain, CInt(SOCK_DGRAM.rawValue) | flags, number)
    if plain >= 0 { return (plain, false) }
    let raw = socket(domain, CInt(SOCK_RAW.rawValue) | flags, number)
    guard raw >= 0 else {
      throw Failure(
        text: "an icmp check needs CAP_NET_RAW, or this group in net.ipv4.ping_group_range "
          + "(\(SystemError.text(errno)))")
    }
    keepRepliesOnly(raw, family)
    return (raw, true)
  }

  /// A raw socket would get a copy of every ICMP message that the host does.
  private static func keepRepliesOnly(_ descriptor: CInt, _ family: EchoMessage.Family) {
    switch family {
    case .ipv4:
      // ICMP_FILTER of SOL_RAW: a bit for each type that is not wanted (raw(7)).
      var blocked = ~UInt32(1)
      _ = unsafe setsockopt(descriptor, 255, 1, &blocked, socklen_t(MemoryLayout<UInt32>.size))
    case .ipv6:
      // ICMP6_FILTER: the same in eight words (RFC 3542 3.2).
      var blocked = [UInt32](repeating: ~0, count: 8)
      blocked[129 / 32] &= ~(UInt32(1) << (129 % 32))
      _ = unsafe setsockopt(descriptor, CInt(IPPROTO_ICMPV6), 1, &blocked, 32)
    }
  }
}
