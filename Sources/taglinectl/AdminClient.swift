import AdminProtocol
import Glibc
import NIOCore
import NIOPosix

/// Sends one request to the appliance and waits for its answer.
struct AdminClient {
  /// How long connecting may take, and how long the appliance may be silent.
  static let timeout = TimeAmount.seconds(5)

  let path: String

  /// The result of `method`; an error answer or a failed connection is thrown.
  func call(_ method: String, _ parameters: JSONValue) throws(ControlFailure) -> JSONValue {
    let request = AdminRequest(method: method, parameters: parameters, id: 1)
    let line = try exchange(request.value.encoded + [0x0A])
    guard let value = try? JSONValue(parsing: line), let answer = AdminAnswer(value) else {
      throw .unreachable("\(path) gives no JSON-RPC answer: is it a Tagline appliance's socket?")
    }
    switch answer.outcome {
    case .success(let result): return result
    case .failure(let error): throw .refused(error.message)
    }
  }

  /// Sends a line and returns the line that comes back, without its end.
  private func exchange(_ line: [UInt8]) throws(ControlFailure) -> [UInt8] {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let answer = loop.makePromise(of: [UInt8].self)
    let connected = ClientBootstrap(group: loop)
      .connectTimeout(AdminClient.timeout)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(AnswerHandler(answer: answer))
        }
      }
      .connect(unixDomainSocketPath: path)
    connected.whenFailure { answer.fail($0) }
    connected.whenSuccess { $0.writeAndFlush(ByteBuffer(bytes: line), promise: nil) }
    do {
      return try answer.futureResult.wait()
    } catch {
      throw failure(error)
    }
  }

  private func failure(_ error: any Error) -> ControlFailure {
    switch error {
    case let error as ControlFailure: return error
    case let error as IOError:
      switch error.errnoCode {
      case ENOENT, ENOTDIR:
        return .unreachable(
          "there is no admin socket \(path): is the appliance running, and is this its path?")
      case ECONNREFUSED:
        return .unreachable("nobody listens on \(path): start the appliance")
      case EACCES, EPERM:
        return .unreachable("\(path) may not be opened: run this as the appliance's user")
      default:
        return .unreachable(
          "\(path) cannot be reached: \(unsafe String(cString: strerror(error.errnoCode)))")
      }
    case is SocketAddressError:
      return .refused("the socket's path '\(path)' must have 1 to 107 bytes")
    case let error:
      return .unreachable("\(path) cannot be reached: \(error)")
    }
  }
}

/// Collects the first line that the appliance sends.
private final class AnswerHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let answer: EventLoopPromise<[UInt8]>
  private var line: [UInt8] = []
  private var timer: Scheduled<Void>?

  init(answer: EventLoopPromise<[UInt8]>) {
    self.answer = answer
  }

  func channelActive(context: ChannelHandlerContext) {
    startTimer(context: context)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    startTimer(context: context)
    let bytes = unwrapInboundIn(data).readableBytesView
    guard let end = bytes.firstIndex(of: 0x0A) else {
      line += bytes
      return
    }
    line += bytes[..<end]
    timer?.cancel()
    answer.succeed(line)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    answer.fail(ControlFailure.unreachable("the appliance closed the connection without an answer"))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    answer.fail(error)
    context.close(promise: nil)
  }

  private func startTimer(context: ChannelHandlerContext) {
    timer?.cancel()
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: AdminClient.timeout) { [answer] in
      answer.fail(
        ControlFailure.unreachable(
          "no answer for \(AdminClient.timeout.nanoseconds / 1_000_000_000) s: is the appliance stuck?"
        ))
      context.close(promise: nil)
    }
  }
}
