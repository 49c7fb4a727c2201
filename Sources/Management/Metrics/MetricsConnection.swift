import NIOCore
import NIOHTTP1

/// One client of the metrics: requests in, one at a time, answers out.
final class MetricsConnection: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private struct Answer {
    var status = HTTPResponseStatus.ok
    var type = "text/plain; charset=utf-8"
    var headers: [(String, String)] = []
    var body: ByteBuffer
  }

  private let limits: MetricsServer.Limits
  private let isServed: Bool
  private let page: @Sendable () -> ByteBuffer
  private var request: HTTPRequestHead?
  /// An answer is on its way.
  private var isAnswering = false
  /// The client has ended its output: after the answers it is closed.
  private var isInputEnded = false
  /// Ends a connection whose client is too slow, at sending or at reading.
  private var timer: Scheduled<Void>?

  /// - Parameter isServed: false has it told that there are too many clients
  init(
    limits: MetricsServer.Limits, isServed: Bool, page: @escaping @Sendable () -> ByteBuffer
  ) {
    self.limits = limits
    self.isServed = isServed
    self.page = page
  }

  func channelActive(context: ChannelHandlerContext) {
    allow(limits.request, context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): request = head
    case .body: break
    case .end:
      guard let head = request else { return }
      request = nil
      answer(head, context)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed? = event as? ChannelEvent {
      isInputEnded = true
      if !isAnswering { context.close(promise: nil) }
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  private func allow(_ time: TimeAmount, _ context: ChannelHandlerContext) {
    timer?.cancel()
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: time) {
      context.close(promise: nil)
    }
  }

  private func answer(_ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let answer = isServed ? answer(to: request) : Self.tooMany
    let isKept = request.isKeepAlive && isServed
    var head = HTTPResponseHead(version: request.version, status: answer.status)
    head.headers.add(name: "Content-Type", value: answer.type)
    head.headers.add(name: "Content-Length", value: "\(answer.body.readableBytes)")
    head.headers.add(name: "Connection", value: isKept ? "keep-alive" : "close")
    for (name, value) in answer.headers { head.headers.add(name: name, value: value) }
    isAnswering = true
    allow(limits.answer, context)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if request.method != .HEAD, answer.body.readableBytes > 0 {
      context.write(wrapOutboundOut(.body(.byteBuffer(answer.body))), promise: nil)
    }
    let written = context.eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenComplete { _ in
      self.isAnswering = false
      if isKept, !self.isInputEnded {
        self.allow(self.limits.request, context)
      } else {
        context.close(promise: nil)
      }
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
  }

  private func answer(to request: HTTPRequestHead) -> Answer {
    let path = request.uri.prefix { $0 != "?" }
    guard path == "/metrics" || path == "/" else {
      return Answer(status: .notFound, body: ByteBuffer(string: "Not found; see /metrics\n"))
    }
    guard request.method == .GET || request.method == .HEAD else {
      return Answer(
        status: .methodNotAllowed, headers: [("Allow", "GET, HEAD")],
        body: ByteBuffer(string: "Only GET and HEAD\n"))
    }
    if path == "/" {
      return Answer(type: "text/html; charset=utf-8", body: ByteBuffer(string: Self.index))
    }
    return Answer(type: MetricsText.contentType, body: page())
  }

  private static let tooMany = Answer(
    status: .serviceUnavailable,
    body: ByteBuffer(string: "Too many connections: close one, then try again\n"))

  private static let index = """
    <!DOCTYPE html>
    <title>Tagline</title>
    <h1>Tagline \(Manager.version)</h1>
    <p><a href="/metrics">Metrics</a>, in Prometheus's text format.</p>

    """
}
