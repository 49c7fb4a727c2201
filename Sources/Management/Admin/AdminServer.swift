import AdminProtocol
import NIOCore
import NIOPosix

/// The appliance's admin socket: JSON-RPC 2.0, one object a line each way, on a Unix stream socket.
///
/// All of it runs on one event loop. It bounds what clients can take: 64 connections, lines of 1 MiB,
/// answers of 64 MiB, 60 s without reading.
public final class AdminServer: Sendable {
  /// Clients that are served at once.
  public static let maximumConnections = 64

  /// The socket's path.
  public let path: String

  private let channel: any Channel
  private let connections: Connections
  private let file: AdminSocketFile

  private typealias Connections = NIOLoopBoundBox<Clients>

  private struct Clients {
    var served: [ObjectIdentifier: any Channel] = [:]
    /// Those that are told that there are too many, and linger for a moment.
    var refused: [ObjectIdentifier: any Channel] = [:]
  }

  private init(channel: any Channel, connections: Connections, file: AdminSocketFile) {
    self.path = file.path
    self.channel = channel
    self.connections = connections
    self.file = file
  }

  /// Opens the socket and serves it on `loop`.
  ///
  /// The socket has mode 0600. A missing parent directory is made; a socket that nobody listens on
  /// is replaced.
  ///
  /// - Returns: the running server; fails with `AdminSocketError` if another process listens on
  ///   `path`, if a file that is no socket is there, or if the system refuses.
  public static func start(
    path: String, on loop: any EventLoop, backend: any AdminBackend
  ) -> EventLoopFuture<AdminServer> {
    let listener: (descriptor: CInt, file: AdminSocketFile)
    do {
      listener = try AdminSocketFile.listen(at: path)
    } catch {
      return loop.makeFailedFuture(error)
    }
    let file = listener.file
    let connections = Connections.makeBoxSendingValue(Clients(), eventLoop: loop)
    return ServerBootstrap(group: loop)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelOption(.writeBufferWaterMark, value: .init(low: 64 << 10, high: 256 << 10))
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try admit(channel, to: connections, backend: backend)
        }
      }
      .withBoundSocket(listener.descriptor)
      .map { AdminServer(channel: $0, connections: connections, file: file) }
      .flatMapErrorThrowing { error in
        file.remove()
        throw error
      }
  }

  /// Closes the socket and all connections, and removes the socket's file. May be called twice.
  public func stop() -> EventLoopFuture<Void> {
    channel.eventLoop.flatSubmit { [self] in
      file.remove()
      let clients = connections.value
      for client in clients.served.values { client.close(promise: nil) }
      for client in clients.refused.values { client.close(promise: nil) }
      channel.close(promise: nil)
      return channel.closeFuture
    }
  }

  /// Gives a new client its handler: one that serves it, or one that refuses it.
  private static func admit(
    _ channel: any Channel, to connections: Connections, backend: any AdminBackend
  ) throws {
    let key = ObjectIdentifier(channel)
    let list: WritableKeyPath<Clients, [ObjectIdentifier: any Channel]>
    let refusal: AdminError?
    if connections.value.served.count < maximumConnections {
      list = \.served
      refusal = nil
    } else if connections.value.refused.count < maximumConnections {
      list = \.refused
      refusal = .operational(
        "\(maximumConnections) clients are connected: close one, then try again")
    } else {
      channel.close(promise: nil)
      return
    }
    try channel.pipeline.syncOperations.addHandler(
      AdminConnection(backend: backend, refusal: refusal))
    connections.value[keyPath: list][key] = channel
    channel.closeFuture.assumeIsolated().whenComplete { _ in
      connections.value[keyPath: list][key] = nil
    }
  }
}
