import NIOCore
import NIOHTTP1
import NIOPosix

/// A GET of HTTP/1.1 and its answer (RFC 9110, RFC 9112).
enum HTTPProbe {
  static func run(
    _ question: HTTPQuestion, at address: SocketAddress, timeout: TimeAmount,
    on loop: any EventLoop, from origin: ProbeOrigin? = nil
  ) -> EventLoopFuture<CheckResult> {
    let promise = loop.makePromise(of: CheckResult.self)
    ClientBootstrap(group: loop)
      .connectTimeout(timeout)
      .from(origin)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHTTPClientHandlers()
          try channel.pipeline.syncOperations.addHandler(
            HTTPProbeHandler(question, timeout: timeout, promise: promise))
        }.flatMap { channel.resetOnClose() }
      }
      .connect(to: address)
      .whenFailure { promise.succeed(CheckResult($0)) }
    return promise.futureResult
  }
}

/// One request and its answer.
private final class HTTPProbeHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  private let question: HTTPQuestion
  private let timeout: TimeAmount
  private let deadline: NIODeadline
  /// nil once the result is told.
  private var promise: EventLoopPromise<CheckResult>?
  private var timer: Scheduled<Void>?
  private var body = ByteBuffer()

  init(_ question: HTTPQuestion, timeout: TimeAmount, promise: EventLoopPromise<CheckResult>) {
    self.question = question
    self.timeout = timeout
    self.promise = promise
    deadline = .now() + timeout
  }

  func channelActive(context: ChannelHandlerContext) {
    timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
      self.end(.timeout(self.timeout), context)
    }
    let head = HTTPRequestHead(
      version: .http1_1, method: .GET, uri: question.path,
      headers: [
        "Host": question.host, "User-Agent": "tagline/\(Manager.version)", "Accept": "*/*",
        "Connection": "close",
      ])
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      if !question.status.contains(Int(head.status.code)) {
        end(.bad("status \(head.status.code)"), context)
      }
    case .body(var part):
      // The rest is read to its end too, without a body asked for: a server whose answer is cut off
      // would log an error with each check.
      body.writeBuffer(&part)
      if body.readableBytes >= HTTPQuestion.bodyLimit { answered(context) }
    case .end: answered(context)
    }
  }

  private func answered(_ context: ChannelHandlerContext) {
    guard let wanted = question.body else { return end(.good, context) }
    let text = body.readableBytesView.prefix(HTTPQuestion.bodyLimit)
    end(
      text.firstRange(of: wanted.utf8) != nil
        ? .good : .bad("the body has no \(wanted.quoted)"), context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    end(CheckResult(ChannelError.eof), context)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    end(CheckResult(error), context)
  }

  private func end(_ result: CheckResult, _ context: ChannelHandlerContext) {
    guard let promise else { return }
    self.promise = nil
    timer?.cancel()
    context.close(promise: nil)
    promise.succeed(result)
  }
}
