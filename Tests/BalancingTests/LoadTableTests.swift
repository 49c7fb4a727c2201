import Balancing
import TestSupport
import Testing

@Suite struct LoadTableTests {
  private let memory: Memory
  private let loads: LoadTable

  init() {
    memory = Memory(LoadTable.byteCount(workers: 3, servers: 5, services: 2))
    loads = LoadTable(memory: memory.base, workers: 3, servers: 5, services: 2)
  }

  @Test func beginsAtZero() {
    for slot in 0..<5 as Range<UInt32> {
      #expect(loads.serverSessions(slot) == 0)
      #expect(loads.serverTotal(slot) == 0)
    }
    #expect(loads.serviceSessions(1) == 0)
    #expect(loads.admitted(1) == 0)
    #expect(loads.refused(1) == 0)
    #expect(loads.answers == 0)
  }

  @Test func sumsOverWorkersAndKeepsSlotsApart() {
    // Slot by slot a different number, from a different mix of workers.
    for worker in 0..<3 {
      for server in 0..<5 as Range<UInt32> {
        for _ in 0..<(Int(server) + worker * 10) {
          loads.addSession(worker: worker, server: server, service: server % 2)
        }
      }
    }
    for server in 0..<5 as Range<UInt32> {
      #expect(loads.serverSessions(server) == 3 * server + 30)
      #expect(loads.serverTotal(server) == UInt64(3 * server + 30))
    }
    // Servers 0, 2, 4 and 1, 3.
    #expect(loads.serviceSessions(0) == 30 + 36 + 42)
    #expect(loads.serviceSessions(1) == 33 + 39)
  }

  @Test func aCloseTakesFromTheActiveOnly() {
    for _ in 0..<4 { loads.addSession(worker: 2, server: 4, service: 1) }
    loads.addSession(worker: 0, server: 4, service: 1)
    for _ in 0..<3 { loads.closeSession(worker: 2, server: 4, service: 1) }
    #expect(loads.serverSessions(4) == 2)
    #expect(loads.serviceSessions(1) == 2)
    #expect(loads.serverTotal(4) == 5)
    #expect(loads.serverSessions(3) == 0)
    #expect(loads.serviceSessions(0) == 0)
  }

  @Test func aSessionThatReopensCountsAgainAndIsNoNewOne() {
    loads.addSession(worker: 1, server: 2, service: 0)
    loads.closeSession(worker: 1, server: 2, service: 0)
    #expect(loads.serverSessions(2) == 0)
    #expect(loads.serviceSessions(0) == 0)
    loads.reopenSession(worker: 1, server: 2, service: 0)
    #expect(loads.serverSessions(2) == 1)
    #expect(loads.serviceSessions(0) == 1)
    #expect(loads.serverTotal(2) == 1)
  }

  /// A slot may be given away when no session refers to it, not when none is load.
  @Test func aServerIsInUseUntilItsLastSessionEnds() {
    #expect(loads.isUnused(server: 3))
    for worker in [0, 2] { loads.addSession(worker: worker, server: 3, service: 1) }
    #expect(!loads.isUnused(server: 3))
    for worker in [0, 2] { loads.closeSession(worker: worker, server: 3, service: 1) }
    #expect(loads.serverSessions(3) == 0)
    #expect(!loads.isUnused(server: 3))
    loads.endSession(worker: 0, server: 3)
    #expect(!loads.isUnused(server: 3))
    loads.endSession(worker: 2, server: 3)
    #expect(loads.isUnused(server: 3))
    #expect(loads.isUnused(server: 2))
    #expect(loads.serverTotal(3) == 2)
  }

  @Test func decisionsAreCountedApart() {
    for worker in 0..<3 {
      loads.countAdmitted(worker: worker, service: 1)
      loads.countRefused(worker: worker, service: 0, .noServer)
      loads.countAnswer(worker: worker)
    }
    loads.countAdmitted(worker: 1, service: 1)
    loads.countAnswer(worker: 2)
    loads.countAnswer(worker: 2)
    #expect(loads.admitted(1) == 4)
    #expect(loads.admitted(0) == 0)
    #expect(loads.refused(0) == 3)
    #expect(loads.refused(1) == 0)
    #expect(loads.answers == 5)
  }

  /// Else two workers would write one cache line.
  @Test func workersShareNoCacheLine() {
    let one = LoadTable.byteCount(workers: 1, servers: 5, services: 2)
    #expect(one % 64 == 0)
    #expect(LoadTable.byteCount(workers: 3, servers: 5, services: 2) == 3 * one)
    #expect(SharedTokenBucket.byteCount(workers: 1, buckets: 1) == 64)
    #expect(SharedTokenBucket.byteCount(workers: 4, buckets: 3) == 4 * 128)
    #expect(Scheduler.byteCount(servers: 5, services: 2) % 64 == 0)
  }
}
