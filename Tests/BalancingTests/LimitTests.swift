import Balancing
import Snapshots
import Synchronization
import TestSupport
import Testing

/// `max-sessions` of a service and of its servers over several workers, none of which waits for the
/// others: each limit may be passed by one session a worker but one, that of those that decided before
/// they saw the others' decisions.
@Suite struct LimitTests {
  private static let workers = 4
  private static let ofService: UInt32 = 40
  private static let ofServer: UInt32 = 10
  private static let beyond = UInt32(workers - 1)

  /// Five servers: together they may have more than the service, which in some algorithms fills the
  /// service first, and in others some servers.
  private static func appliance(_ algorithm: Algorithm) -> Appliance {
    let appliance = Appliance(algorithm, weights: [1, 2, 3, 4, 5], workers: workers)
    appliance.service.maxSessions = ofService
    for slot in appliance.order { appliance.servers[slot]!.maxSessions = ofServer }
    appliance.publish()
    return appliance
  }

  /// Every order of the workers' steps may come: a worker decides, and counts the session later, while
  /// others decide, count, and end sessions.
  @Test(arguments: Algorithm.allCases, [1, 2, 3] as [UInt64])
  func anyOrderOfSteps(_ algorithm: Algorithm, _ seed: UInt64) {
    let appliance = Self.appliance(algorithm)
    var numbers = Numbers(state: seed)
    let record = appliance.snapshot.services + Int(Appliance.service)
    var decided = [Int?](repeating: nil, count: Self.workers)
    var live: [(server: Int, worker: Int)] = []
    var most: UInt32 = 0
    var refused = 0
    for step in 0..<20_000 {
      let worker = Int.random(in: 0..<Self.workers, using: &numbers)
      if let server = decided[worker] {
        appliance.add(server, worker: worker)
        live.append((server, worker))
        decided[worker] = nil
      } else if appliance.loads.isFull(service: Appliance.service, record) {
        refused += 1
      } else {
        decided[worker] = appliance.choose(worker: worker, hash: numbers.next())
      }
      // Phases of ebb and flood.
      if !live.isEmpty, Int.random(in: 0..<100, using: &numbers) < (step / 500 % 2 == 0 ? 20 : 60) {
        let place = Int.random(in: 0..<live.count, using: &numbers)
        // Its owner ends it, which may not have counted what it decided.
        let ended = live.remove(at: place)
        appliance.end(ended.server, worker: ended.worker)
      }
      let service = appliance.loads.serviceSessions(Appliance.service)
      most = max(most, service)
      if service > Self.ofService + Self.beyond { Issue.record("\(service) in step \(step)") }
      for slot in appliance.order {
        let sessions = appliance.loads.serverSessions(slot)
        if sessions > Self.ofServer + Self.beyond {
          Issue.record("\(sessions) of \(slot) in step \(step)")
        }
      }
    }
    #expect(most >= Self.ofService - Self.beyond)
    #expect(algorithm == .maglev || refused > 0)
  }

  /// The bound is reached when all decide at once, for the service and for a server.
  @Test func allAtOnce() {
    let appliance = Appliance(.rr, weights: [1], workers: Self.workers)
    appliance.servers[Appliance.slot(0)]!.maxSessions = 5
    appliance.publish()
    for _ in 0..<4 { #expect(appliance.begin() == 0) }
    let decided = (0..<Self.workers).map { appliance.choose(worker: $0) }
    #expect(decided == Array(repeating: 0, count: Self.workers))
    for worker in 0..<Self.workers { appliance.add(0, worker: worker) }
    #expect(appliance.loads.serverSessions(Appliance.slot(0)) == 5 + Self.beyond)
    for worker in 0..<Self.workers { #expect(appliance.choose(worker: worker) == nil) }
  }

  /// What the threads share.
  private struct Shared: @unchecked Sendable {
    let loads: LoadTable
    let snapshot: Snapshot
    let order: [UInt32]
    let slots: Int
    let service = Tally()
    /// By place in `order`.
    let servers: [Tally]

    func tally(of slot: UInt32) -> Tally {
      servers[order.firstIndex(of: slot) ?? order.endIndex]
    }
  }

  /// Sessions that surely are. The sums of `LoadTable` are no proof: while one is taken, sessions
  /// end at a worker that it has seen and begin at one that it has not.
  private final class Tally: Sendable {
    private let count = Atomic<Int>(0)

    func add() -> UInt32 { UInt32(count.add(1, ordering: .relaxed).newValue) }
    func subtract() { count.subtract(1, ordering: .relaxed) }
  }

  private struct Peaks: Sendable {
    var service: UInt32 = 0
    var server: UInt32 = 0
    var begun = 0
  }

  /// Threads that really race: a session is begun in the midst of the others' beginnings and ends.
  @Test(arguments: [Algorithm.rr, .wlc, .p2c, .maglev])
  func workersThatRace(_ algorithm: Algorithm) async {
    let appliance = Self.appliance(algorithm)
    let shared = Shared(
      loads: appliance.loads, snapshot: appliance.snapshot, order: appliance.order,
      slots: 7 + 3 * appliance.order.count, servers: appliance.order.map { _ in Tally() })
    let peaks = await withTaskGroup(of: Peaks.self) { group in
      for worker in 0..<Self.workers {
        group.addTask { Self.race(shared, worker) }
      }
      return await group.reduce(into: Peaks()) { all, own in
        all.service = max(all.service, own.service)
        all.server = max(all.server, own.server)
        all.begun += own.begun
      }
    }
    #expect(peaks.service <= Self.ofService + Self.beyond)
    #expect(peaks.server <= Self.ofServer + Self.beyond)
    #expect(peaks.service >= Self.ofService - Self.beyond)
    #expect(peaks.begun > 1000)
    withExtendedLifetime(appliance) {}
  }

  private static func race(_ shared: Shared, _ worker: Int) -> Peaks {
    let memory = Memory(Scheduler.byteCount(servers: shared.slots, services: Appliance.services))
    var scheduler = Scheduler(
      memory: memory.base, worker: worker, workers: workers, servers: shared.slots,
      services: Appliance.services, seed: UInt64(worker + 1))
    var numbers = Numbers(state: UInt64(worker + 1))
    let record = shared.snapshot.services + Int(Appliance.service)
    var own: [UInt32] = []
    var peaks = Peaks()
    for _ in 0..<50_000 {
      if !shared.loads.isFull(service: Appliance.service, record) {
        let slot = scheduler.choose(
          service: Appliance.service, record: record, snapshot: shared.snapshot,
          loads: shared.loads, hash: numbers.next())
        if slot != noIndex {
          shared.loads.addSession(worker: worker, server: slot, service: Appliance.service)
          scheduler.noteSessions(server: slot, service: Appliance.service, loads: shared.loads)
          own.append(slot)
          peaks.begun += 1
          peaks.service = max(peaks.service, shared.service.add())
          peaks.server = max(peaks.server, shared.tally(of: slot).add())
        }
      }
      if !own.isEmpty, Int.random(in: 0..<3, using: &numbers) == 0 {
        let slot = own.remove(at: Int.random(in: 0..<own.count, using: &numbers))
        shared.service.subtract()
        shared.tally(of: slot).subtract()
        shared.loads.closeSession(worker: worker, server: slot, service: Appliance.service)
        scheduler.noteSessions(server: slot, service: Appliance.service, loads: shared.loads)
      }
    }
    return peaks
  }
}
