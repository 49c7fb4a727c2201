import Snapshots

/// Why a new session is admitted or refused.
public enum AdmissionVerdict: UInt8, Sendable, CaseIterable {
  case admitted
  /// The service has its `max-sessions`.
  case sessionsFull
  /// The service had its `new-sessions-per-second`.
  case rateExceeded
  /// The client had its `new-sessions-per-client`.
  case clientRateExceeded
  /// The service's `allow` and `deny` keep the client out.
  case denied
  /// No server may take a session.
  case noServer
  /// The worker's session table is full.
  case tableFull
}

/// Decides on new sessions of services, and on answers made by the appliance. Limits hold over all
/// workers.
///
/// Ask `check`, choose a server, then `charge`: a session that is refused, for whatever reason, uses
/// up no part of the rate.
@frozen
public struct Admission: @unchecked Sendable {
  @usableFromInline let worker: Int
  @usableFromInline let answersBucket: UInt32
  @usableFromInline let buckets: SharedTokenBucket

  /// The bytes that `init` needs, a multiple of 64.
  public static func byteCount(workers: Int, services: Int) -> Int {
    SharedTokenBucket.byteCount(workers: workers, buckets: services + 1)
  }

  /// - Parameters:
  ///   - memory: zeroed, 64-byte aligned, `byteCount` long; shared by all workers
  ///   - services: slots of services
  public init(memory: UnsafeMutableRawPointer, worker: Int, workers: Int, services: Int) {
    self.worker = worker
    answersBucket = UInt32(services)
    buckets = SharedTokenBucket(
      memory: memory, worker: worker, workers: workers, buckets: services + 1)
  }

  /// Whether the service may have one more session: first its `maxSessions`, then its rate.
  ///
  /// - Parameters:
  ///   - service: the slot
  ///   - now: nanoseconds, as of `SharedTokenBucket.holds`
  @inlinable @inline(__always)
  public func check(
    service: UInt32, record: UnsafePointer<ServiceRecord>, loads: LoadTable, now: UInt64
  ) -> AdmissionVerdict {
    if loads.isFull(service: service, record) { return .sessionsFull }
    let rate = record.pointee.newSessionsPerSecond
    if rate != 0, !buckets.holds(service, rate: rate, now: now) { return .rateExceeded }
    return .admitted
  }

  /// Takes from the rate, and counts as admitted, what `check` has just allowed.
  @inlinable @inline(__always)
  public func charge(
    service: UInt32, record: UnsafePointer<ServiceRecord>, loads: LoadTable
  ) {
    let rate = record.pointee.newSessionsPerSecond
    if rate != 0 { buckets.spend(service, rate: rate) }
    loads.countAdmitted(worker: worker, service: service)
  }

  /// `check`, and `charge` if that admits. Counts no refusal.
  public func admit(
    service: UInt32, record: UnsafePointer<ServiceRecord>, loads: LoadTable, now: UInt64
  ) -> AdmissionVerdict {
    let verdict = check(service: service, record: record, loads: loads, now: now)
    if verdict == .admitted { charge(service: service, record: record, loads: loads) }
    return verdict
  }

  /// Whether the appliance may make one more answer, which then counts.
  ///
  /// - Parameter rate: `Settings.answersPerSecond`; 0 allows none
  public func mayAnswer(rate: UInt32, loads: LoadTable, now: UInt64) -> Bool {
    guard buckets.take(answersBucket, rate: rate, now: now) else { return false }
    loads.countAnswer(worker: worker)
    return true
  }
}
