import AdminProtocol
import NIOCore

/// One client of the admin socket: lines in, answers out, in order.
///
/// While the client does not read, its requests are neither read nor done, so that at most one answer
/// waits above the write buffer's mark.
final class AdminConnection: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// How long a client that is being refused may go on sending, so that it gets to read why.
  static let lingerTime = TimeAmount.seconds(1)
  /// How long answers may wait for a client to read on.
  static let stallTime = TimeAmount.seconds(60)

  private enum State {
    case open
    /// The client has ended its output; what it sent is still answered.
    case inputEnded
    /// Refused, or all is answered: what still comes is thrown away.
    case closing
  }

  private let dispatcher: AdminDispatcher
  private let refusal: AdminError?
  private var lines = AdminLineBuffer()
  private var state = State.open
  private var isProcessing = false
  private var isReadPending = false
  private var stallTimer: Scheduled<Void>?
  private var lingerTimer: Scheduled<Void>?

  /// - Parameter refusal: if given, all that the client gets.
  init(dispatcher: AdminDispatcher, refusal: AdminError?) {
    self.dispatcher = dispatcher
    self.refusal = refusal
  }

  func channelActive(context: ChannelHandlerContext) {
    if let refusal { refuse(refusal, context: context) }
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    state = .closing
    stallTimer?.cancel()
    lingerTimer?.cancel()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard state == .open else { return }
    var bytes = unwrapInboundIn(data)
    lines.append(&bytes)
    process(context: context)
  }

  func read(context: ChannelHandlerContext) {
    if context.channel.isWritable || state == .closing {
      context.read()
    } else {
      isReadPending = true
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    stallTimer?.cancel()
    stallTimer = nil
    if context.channel.isWritable {
      process(context: context)
      if isReadPending {
        isReadPending = false
        read(context: context)
      }
    } else if state != .closing {
      stallTimer = context.eventLoop.assumeIsolated().scheduleTask(in: AdminConnection.stallTime) {
        context.close(promise: nil)
      }
    }
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case ChannelEvent.inputClosed? = event as? ChannelEvent else {
      context.fireUserInboundEventTriggered(event)
      return
    }
    switch state {
    case .open:
      state = .inputEnded
      process(context: context)
    case .inputEnded: break
    case .closing: context.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  /// Answers the lines that have come, as long as the client takes the answers.
  private func process(context: ChannelHandlerContext) {
    guard !isProcessing else { return }
    isProcessing = true
    defer { isProcessing = false }
    var hasMore = true
    while hasMore, state != .closing, context.channel.isWritable {
      while hasMore, state != .closing, context.channel.isWritable {
        hasMore = processLine(context: context)
      }
      context.flush()
    }
  }

  /// Answers one line; false if none has come.
  private func processLine(context: ChannelHandlerContext) -> Bool {
    switch lines.next() {
    case .line(let line):
      answer(line, context: context)
      return true
    case .tooLong:
      refuse(
        .parseError("a line has at most \(AdminLineBuffer.maximumLineLength) bytes"),
        context: context)
      return false
    case .incomplete:
      if state == .inputEnded {
        answer(lines.takeRest(), context: context)
        state = .closing
        closeAfterWrites(context: context, mode: .all)
      }
      return false
    }
  }

  private func answer(_ line: [UInt8], context: ChannelHandlerContext) {
    guard let answer = dispatcher.answer(toLine: line) else { return }
    context.write(wrapOutboundOut(ByteBuffer(bytes: answer)), promise: nil)
  }

  /// Says why, ends the output, and reads on for a moment: closing with unread input would turn the
  /// answer into a reset at the client.
  private func refuse(_ error: AdminError, context: ChannelHandlerContext) {
    let line = AdminDispatcher.line(refusing: error)
    context.write(wrapOutboundOut(ByteBuffer(bytes: line)), promise: nil)
    let mode = state == .inputEnded ? CloseMode.all : .output
    state = .closing
    closeAfterWrites(context: context, mode: mode)
    lingerTimer = context.eventLoop.assumeIsolated().scheduleTask(in: AdminConnection.lingerTime) {
      context.close(promise: nil)
    }
    if isReadPending {
      isReadPending = false
      context.read()
    }
  }

  private func closeAfterWrites(context: ChannelHandlerContext, mode: CloseMode) {
    let written = context.eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenComplete { _ in
      context.close(mode: mode, promise: nil)
    }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: written)
  }
}
