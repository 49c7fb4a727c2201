import NIOCore
import NIOHTTP1
import NIOPosix

/// Offers the metrics by HTTP, on one event loop. It bounds what clients can take: 64 connections
/// at once, a time for each request and each answer.
final class MetricsServer: Sendable {
  struct Limits: Sendable {
    /// Clients that are served at once; as many again are told that there are too many.
    var connections = 64
    /// How long a client may take for a whole request, or idle before one.
    var request = TimeAmount.seconds(30)
    /// How long it may take to read an answer.
    var answer = TimeAmount.seconds(60)
  }

  private typealias Connections = NIOLoopBoundBox<[ObjectIdentifier: any Channel]>

  private let channel: EventLoopFuture<any Channel>
  private let connections: Connections

  /// Serves a listening socket, which it owns from now on.
  ///
  /// - Parameter page: called on the loop for each request of the metrics
  init(
    descriptor: CInt, on loop: any EventLoop, limits: Limits = Limits(),
    page: @escaping @Sendable () -> ByteBuffer
  ) {
    let connections = Connections.makeBoxSendingValue([:], eventLoop: loop)
    self.connections = connections
    channel = ServerBootstrap(group: loop)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try Self.admit(channel, to: connections, limits: limits, page: page)
        }
      }
      .withBoundSocket(descriptor)
  }

  private static func admit(
    _ channel: any Channel, to connections: Connections, limits: Limits,
    page: @escaping @Sendable () -> ByteBuffer
  ) throws {
    let count = connections.value.count
    guard count < 2 * limits.connections else {
      channel.close(promise: nil)
      return
    }
    let pipeline = channel.pipeline.syncOperations
    try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
    try pipeline.addHandler(
      MetricsConnection(limits: limits, isServed: count < limits.connections, page: page))
    let key = ObjectIdentifier(channel)
    connections.value[key] = channel
    channel.closeFuture.assumeIsolated().whenComplete { _ in connections.value[key] = nil }
  }

  /// Closes the socket and all connections. On the loop it is closed when this returns.
  @discardableResult
  func stop() -> EventLoopFuture<Void> {
    channel.flatMap { [connections] channel in
      for client in connections.value.values { client.close(promise: nil) }
      channel.close(promise: nil)
      return channel.closeFuture
    }
  }
}
