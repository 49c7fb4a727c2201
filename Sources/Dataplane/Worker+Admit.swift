import Balancing
import Snapshots
import Wire

/// Admission of new sessions: the client's own limits, then its service's.
extension Worker {
  /// Whether a client may begin a session; it is charged for it once there is one.
  @inline(__always)
  mutating func admit(
    _ client: IPAddress, service: UInt32, _ record: UnsafePointer<ServiceRecord>
  ) -> AdmissionVerdict {
    guard admits(client, record) else { return .denied }
    if record.pointee.newSessionsPerClient != 0, !holds(client, service: service, record) {
      return .clientRateExceeded
    }
    return admission.check(service: service, record: record, loads: shared.loads, now: now)
  }

  @inline(__always)
  mutating func admits(_ client: IPAddress, _ record: UnsafePointer<ServiceRecord>) -> Bool {
    record.pointee.accessCount == 0
      || snapshot.admits(record, clientHigh: client.high, clientLow: client.low)
  }

  /// Whether a session that has begun already may have a record: how many there may be holds for it,
  /// too. What limits beginnings does not: it was asked at the SYN, and after a restart all clients
  /// would come at once.
  @inline(__always)
  mutating func readmit(server: UInt32, service: UInt32) -> AdmissionVerdict {
    let loads = shared.loads
    if sessions.count >= sessions.capacity { return .tableFull }
    if loads.isFull(service: service, snapshot.services + Int(service)) { return .sessionsFull }
    if loads.isFull(server: server, snapshot.servers + Int(server)) { return .noServer }
    return .admitted
  }

  @inline(__always)
  mutating func charge(
    _ client: IPAddress, service: UInt32, _ record: UnsafePointer<ServiceRecord>
  ) {
    if record.pointee.newSessionsPerClient != 0 { spend(client, service: service, record) }
    admission.charge(service: service, record: record, loads: shared.loads)
  }

  @inline(never)
  private mutating func holds(
    _ client: IPAddress, service: UInt32, _ record: UnsafePointer<ServiceRecord>
  ) -> Bool {
    shared.clientRates.holds(
      hash(client, service, record), rate: record.pointee.newSessionsPerClient, now: now)
  }

  @inline(never)
  private mutating func spend(
    _ client: IPAddress, service: UInt32, _ record: UnsafePointer<ServiceRecord>
  ) {
    shared.clientRates.spend(
      hash(client, service, record), rate: record.pointee.newSessionsPerClient, now: now)
  }

  @inline(__always)
  private func hash(
    _ client: IPAddress, _ service: UInt32, _ record: UnsafePointer<ServiceRecord>
  ) -> UInt64 {
    shared.clientRates.client(
      service: service, high: client.high, low: client.low, prefix: record.pointee.clientPrefix)
  }
}
