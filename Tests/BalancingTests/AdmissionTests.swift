import Balancing
import Snapshots
import TestSupport
import Testing

@Suite struct AdmissionTests {
  private static let service: UInt32 = 1
  private static let now: UInt64 = 5_000_000_000

  private let memory: [Memory]
  private let loads: LoadTable
  private let workers: [Admission]

  init() {
    let counters = Memory(LoadTable.byteCount(workers: 2, servers: 1, services: 2))
    let buckets = Memory(Admission.byteCount(workers: 2, services: 2))
    memory = [counters, buckets]
    loads = LoadTable(memory: counters.base, workers: 2, servers: 1, services: 2)
    workers = (0..<2).map {
      Admission(memory: buckets.base, worker: $0, workers: 2, services: 2)
    }
  }

  private func admit(
    _ worker: Int, _ record: ServiceRecord, service: UInt32 = service, at now: UInt64 = now
  ) -> AdmissionVerdict {
    var record = record
    return workers[worker].admit(service: service, record: &record, loads: loads, now: now)
  }

  private func limits(sessions: UInt32, rate: UInt32) -> ServiceRecord {
    var record = ServiceRecord()
    record.maxSessions = sessions
    record.newSessionsPerSecond = rate
    return record
  }

  @Test func withoutLimitsAllAreAdmittedAndCounted() {
    let record = limits(sessions: 0, rate: 0)
    for flow in 0..<1000 { #expect(admit(flow % 2, record) == .admitted) }
    #expect(loads.admitted(Self.service) == 1000)
    #expect(loads.admitted(0) == 0)
  }

  @Test func sessionsOfBothWorkersCountTowardsTheLimit() {
    let record = limits(sessions: 3, rate: 0)
    for worker in [0, 1, 1] {
      #expect(admit(worker, record) == .admitted)
      loads.addSession(worker: worker, server: 0, service: Self.service)
    }
    #expect(admit(0, record) == .sessionsFull)
    #expect(admit(1, record) == .sessionsFull)
    #expect(admit(0, record, service: 0) == .admitted)
    loads.closeSession(worker: 1, server: 0, service: Self.service)
    #expect(admit(0, record) == .admitted)
    #expect(loads.admitted(Self.service) == 4)
  }

  @Test func workersShareTheRate() {
    let record = limits(sessions: 0, rate: 5)
    let verdicts = (0..<7).map { admit($0 % 2, record) }
    #expect(verdicts == Array(repeating: .admitted, count: 5) + [.rateExceeded, .rateExceeded])
    #expect(admit(1, record, at: Self.now + 200_000_000) == .admitted)
    #expect(admit(0, record, at: Self.now + 200_000_000) == .rateExceeded)
    #expect(loads.admitted(Self.service) == 6)
  }

  @Test func fullnessIsSaidBeforeTheRateAndUsesNoneOfIt() {
    let record = limits(sessions: 1, rate: 2)
    #expect(admit(0, record) == .admitted)
    loads.addSession(worker: 0, server: 0, service: Self.service)
    for _ in 0..<10 { #expect(admit(1, record) == .sessionsFull) }
    loads.closeSession(worker: 0, server: 0, service: Self.service)
    #expect(admit(1, record) == .admitted)
    #expect(admit(1, record) == .rateExceeded)
    loads.addSession(worker: 1, server: 0, service: Self.service)
    // Both limits are reached now.
    #expect(admit(0, record) == .sessionsFull)
  }

  @Test func aSessionThatFindsNoServerUsesNothing() {
    var record = limits(sessions: 0, rate: 1)
    for _ in 0..<5 {
      #expect(
        workers[0].check(service: Self.service, record: &record, loads: loads, now: Self.now)
          == .admitted)
    }
    #expect(loads.admitted(Self.service) == 0)
    workers[0].charge(service: Self.service, record: &record, loads: loads)
    #expect(admit(1, record) == .rateExceeded)
    #expect(loads.admitted(Self.service) == 1)
  }

  @Test func refusalsAreLeftToTheCallerToCount() {
    #expect(admit(0, limits(sessions: 0, rate: 1)) == .admitted)
    #expect(admit(0, limits(sessions: 0, rate: 1)) == .rateExceeded)
    #expect(loads.refused(Self.service) == 0)
  }

  @Test func answersHaveABucketOfTheirOwn() {
    let record = limits(sessions: 0, rate: 1)
    for service in 0..<2 as Range<UInt32> {
      #expect(admit(0, record, service: service) == .admitted)
    }
    let given = (0..<5).map { workers[$0 % 2].mayAnswer(rate: 3, loads: loads, now: Self.now) }
    #expect(given == [true, true, true, false, false])
    #expect(loads.answers == 3)
    #expect(!workers[0].mayAnswer(rate: 0, loads: loads, now: Self.now + 9_000_000_000))
  }
}
