import Snapshots

/// The limits of sessions, `max-sessions` of services and servers.
extension LoadTable {
  @inlinable @inline(__always)
  public func isFull(service slot: UInt32, _ record: UnsafePointer<ServiceRecord>) -> Bool {
    let limit = record.pointee.maxSessions
    return limit != 0 && serviceSessions(slot) >= limit
  }

  @inlinable @inline(__always)
  public func isFull(server slot: UInt32, _ record: UnsafePointer<ServerRecord>) -> Bool {
    let limit = record.pointee.maxSessions
    return limit != 0 && serverSessions(slot) >= limit
  }
}
