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
  static let lingerTime = TimeAmount.seconds(5)
  /// How long answers may wait for a client to read on.
  static let stallTime = TimeAmount.seconds(60)
  /// How long requests of one client are handled before others get their turn, and how long that is.
  static let turnTime = TimeAmount.milliseconds(5)
  static let pauseTime = TimeAmount.milliseconds(1)

  private enum State {
    case open
    /// The client has ended its output; what it sent is still answered.
    case inputEnded
    /// Refused, or all is answered: what still comes is thrown away.
    case closing
  }

  private let backend: any AdminBackend
  private let refusal: AdminError?
  private var lines = AdminLineBuffer()
  /// The line that is being answered.
  private var exchange: AdminExchange?
  private var state = State.open
  private var isProcessing = false
  private var isReadPending = false
  /// Runs while others have their turn.
  private var pauseTimer: Scheduled<Void>?
  private var stallTimer: Scheduled<Void>?
  private var lingerTimer: Scheduled<Void>?

  /// - Parameter refusal: if given, all that the client gets.
  init(backend: any AdminBackend, refusal: AdminError?) {
    self.backend = backend
    self.refusal = refusal
  }

  func channelActive(context: ChannelHandlerContext) {
    if let refusal { refuse(refusal, context: context) }
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    state = .closing
    pauseTimer?.cancel()
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
    isReadPending = true
    readIfWanted(context: context)
  }

  private func readIfWanted(context: ChannelHandlerContext) {
    let isWanted = state == .closing || (context.channel.isWritable && pauseTimer == nil)
    guard isReadPending, isWanted else { return }
    isReadPending = false
    context.read()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    stallTimer?.cancel()
    stallTimer = nil
    if context.channel.isWritable {
      process(context: context)
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

  /// Answers the lines that have come, as long as the client takes the answers and others need not
  /// wait.
  private func process(context: ChannelHandlerContext) {
    guard !isProcessing, pauseTimer == nil else { return }
    isProcessing = true
    defer {
      isProcessing = false
      readIfWanted(context: context)
    }
    let turnEnd = NIODeadline.now() + AdminConnection.turnTime
    var hasMore = true
    while hasMore, state != .closing, context.channel.isWritable {
      while hasMore, state != .closing, context.channel.isWritable {
        hasMore = takeStep(context: context)
        if hasMore, NIODeadline.now() > turnEnd {
          context.flush()
          pause(context: context)
          return
        }
      }
      context.flush()
    }
  }

  private func pause(context: ChannelHandlerContext) {
    pauseTimer = context.eventLoop.assumeIsolated().scheduleTask(in: AdminConnection.pauseTime) {
      self.pauseTimer = nil
      self.process(context: context)
    }
  }

  /// Takes a line or handles one request; false if there is nothing to do.
  private func takeStep(context: ChannelHandlerContext) -> Bool {
    if var exchange {
      self.exchange = nil
      if !exchange.isDone { exchange.handleNext(by: backend) }
      if !exchange.isDone {
        self.exchange = exchange
      } else if let line = exchange.answerLine {
        context.write(wrapOutboundOut(ByteBuffer(bytes: line)), promise: nil)
      }
      return true
    }
    switch lines.next() {
    case .line(let line):
      exchange = AdminExchange(line: line)
      return true
    case .tooLong:
      refuse(
        .parseError("a line has at most \(AdminLineBuffer.maximumLineLength) bytes"),
        context: context)
      return false
    case .incomplete:
      guard state == .inputEnded else { return false }
      let rest = lines.takeRest()
      if rest.isEmpty {
        state = .closing
        closeAfterWrites(context: context, mode: .all)
        return false
      }
      exchange = AdminExchange(line: rest)
      return true
    }
  }

  /// Says why, ends the output, and reads on for a moment: closing with unread input would turn the
  /// answer into a reset at the client.
  private func refuse(_ error: AdminError, context: ChannelHandlerContext) {
    let line = AdminExchange.line(refusing: error)
    context.write(wrapOutboundOut(ByteBuffer(bytes: line)), promise: nil)
    let mode = state == .inputEnded ? CloseMode.all : .output
    state = .closing
    closeAfterWrites(context: context, mode: mode)
    lingerTimer = context.eventLoop.assumeIsolated().scheduleTask(in: AdminConnection.lingerTime) {
      context.close(promise: nil)
    }
    readIfWanted(context: context)
  }

  private func closeAfterWrites(context: ChannelHandlerContext, mode: CloseMode) {
    let written = context.eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenComplete { _ in
      context.close(mode: mode, promise: nil)
    }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: written)
  }
}
