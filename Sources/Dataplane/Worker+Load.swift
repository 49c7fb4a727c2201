import Balancing
import Sessions

/// Which sessions are load of their servers: all but those that are closing. That a connection is
/// over weighs on no server, though its record stays for `tcp-closing`.
extension Worker {
  /// To be called when a session's state may have become `closing`, or ceased to be.
  @inline(__always)
  mutating func updateLoad(_ record: UnsafeMutablePointer<SessionRecord>) {
    setLoad(record, isLoad: record.pointee.state != .closing)
  }

  @inline(__always)
  mutating func setLoad(_ record: UnsafeMutablePointer<SessionRecord>, isLoad: Bool) {
    guard isLoad == record.pointee.has(SessionFlags.isNoLoad) else { return }
    let server = record.pointee.server
    let service = record.pointee.service
    if isLoad {
      record.pointee.clear(SessionFlags.isNoLoad)
      shared.loads.reopenSession(worker: index, server: server, service: service)
    } else {
      record.pointee.set(SessionFlags.isNoLoad)
      shared.loads.closeSession(worker: index, server: server, service: service)
    }
    if scheduler.countsSessions(service: service) {
      scheduler.noteSessions(server: server, service: service, loads: shared.loads)
    }
  }
}
