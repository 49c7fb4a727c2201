import Dispatch
import Glibc

/// Hears of every change in the kernel's neighbour tables.
final class NeighbourWatch: @unchecked Sendable {
  enum Report: Sendable {
    case changes([NeighbourChange])
    /// Some were lost: the table is to be read as a whole.
    case lost
  }

  private let socket: NetlinkSocket
  private let source: any DispatchSourceRead

  /// - Parameter report: called on a queue of the watch's own
  init(_ report: @escaping @Sendable (Report) -> Void) throws(KernelError) {
    let socket = try NetlinkSocket(groups: RouteMessage.neighbourGroup)
    self.socket = socket
    source = DispatchSource.makeReadSource(
      fileDescriptor: socket.descriptor, queue: DispatchQueue(label: "neighbours"))
    nonisolated(unsafe) let reader = socket
    source.setEventHandler {
      do {
        var changes: [NeighbourChange] = []
        while let bytes = try unsafe reader.receive() {
          changes += NetlinkReader(bytes).compactMap { NeighbourChange($0) }
        }
        if !changes.isEmpty { report(.changes(changes)) }
      } catch {
        report(.lost)
      }
    }
    source.resume()
  }

  func stop() { source.cancel() }
}
