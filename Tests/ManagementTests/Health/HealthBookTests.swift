import Snapshots
import Testing

@testable import Management

@Suite struct HealthBookTests {
  private func wanted(
    _ slot: UInt32, _ check: HealthCheck, rise: Int = 2, fall: Int = 3,
    health: ServerHealth = .unknown
  ) -> HealthBook.Wanted {
    HealthBook.Wanted(slot: slot, check: check, rise: rise, fall: fall, health: health)
  }

  private func outcome(_ id: CheckID, _ result: CheckResult, took: Int = 1) -> CheckOutcome {
    CheckOutcome(check: id, result: result, at: .now, duration: .milliseconds(took))
  }

  @Test func aTargetOfSeveralServicesIsCheckedOnce() {
    var book = HealthBook()
    let (added, removed) = book.watch([
      wanted(0, check(1)), wanted(1, check(2)), wanted(2, check(1), rise: 1, fall: 1),
      wanted(3, check(1, .tcp(port: 81))), wanted(4, check(1, interval: .seconds(5))),
      wanted(5, check(1, .icmp)),
    ])
    #expect(
      added.map(\.check) == [
        check(1), check(2), check(1, .tcp(port: 81)), check(1, interval: .seconds(5)),
        check(1, .icmp),
      ])
    #expect(removed.isEmpty && book.checkCount == 5)
    // Each server has its own thresholds.
    let first = added[0].id
    #expect(
      book.take([outcome(first, .bad("refused"))]) == [
        .init(slot: 2, health: .down, reason: "refused")
      ])
    #expect(book.take([outcome(first, .good)]) == [.init(slot: 2, health: .up, reason: nil)])
    #expect(book.take([outcome(first, .good)]) == [.init(slot: 0, health: .up, reason: nil)])
  }

  @Test func aReloadKeepsWhatStays() {
    var book = HealthBook()
    let (added, _) = book.watch([wanted(0, check(1)), wanted(1, check(2)), wanted(2, check(3))])
    _ = book.take(added.map { outcome($0.id, .good) })
    // Server 0 stays, 1 gets another port, 2 leaves, 3 is new.
    let (new, ended) = book.watch([
      wanted(0, check(1)), wanted(1, check(2, .tcp(port: 8080))), wanted(3, check(4)),
    ])
    #expect(new.map(\.check) == [check(2, .tcp(port: 8080)), check(4)])
    #expect(Set(ended) == [added[1].id, added[2].id])
    // Server 0 had one good answer before: the second makes it up.
    #expect(book.take([outcome(added[0].id, .good)]).map(\.slot) == [0])
    // Server 1 begins anew.
    #expect(book.take([outcome(new[0].id, .good)]) == [])
    #expect(book.take([outcome(new[0].id, .good)]).map(\.slot) == [1])
    // What comes late of an ended check counts for nothing.
    let counts = book.counts
    #expect(book.take([outcome(added[2].id, .bad("late"))]) == [])
    #expect(book.counts == counts)
    #expect(book.view(slot: 2) == nil)
  }

  /// The plan forgets a server's health with its address, and the book follows.
  @Test func thePlansHealthHolds() {
    var book = HealthBook()
    let (added, _) = book.watch([wanted(0, check(1), rise: 1, fall: 1)])
    #expect(book.take([outcome(added[0].id, .bad("x"))]).map(\.health) == [.down])
    _ = book.watch([wanted(0, check(1), rise: 1, fall: 1, health: .down)])
    #expect(book.take([outcome(added[0].id, .bad("x"))]) == [])
    _ = book.watch([wanted(0, check(1), rise: 1, fall: 1, health: .unknown)])
    #expect(book.take([outcome(added[0].id, .bad("x"))]).map(\.health) == [.down])
  }

  @Test func whatIsKnownOfAServer() throws {
    var book = HealthBook()
    #expect(book.view(slot: 0) == nil)
    let (added, _) = book.watch([wanted(0, check(1), rise: 1, fall: 1)])
    var view = try #require(book.view(slot: 0))
    #expect(view.reason == nil && view.duration == nil && view.at == nil)
    #expect(view.changes == 0)
    let id = added[0].id
    _ = book.take([outcome(id, .good, took: 80), outcome(id, .good, took: 160)])
    view = try #require(book.view(slot: 0))
    #expect(view.reason == "ok" && view.changes == 1)
    #expect(view.duration == .milliseconds(160))
    #expect(view.responseTime == .milliseconds(90))
    // A bad answer's time says nothing of how fast the server is.
    _ = book.take([outcome(id, .bad("timeout after 1 s"), took: 1000)])
    view = try #require(book.view(slot: 0))
    #expect(view.reason == "timeout after 1 s" && view.changes == 2)
    #expect(view.duration == .milliseconds(1000))
    #expect(view.responseTime == .milliseconds(90))
    _ = book.take([outcome(id, .unable("too many open files"))])
    #expect(book.view(slot: 0)?.reason == "too many open files")
    #expect(book.counts == HealthBook.Counts(good: 2, bad: 1, unable: 1, changes: 2))
  }

  /// A server that went down and up again within one batch is told once, as it ended up.
  @Test func oneChangeAServerABatch() {
    var book = HealthBook()
    let (added, _) = book.watch([
      wanted(0, check(1), rise: 1, fall: 1), wanted(1, check(2), fall: 1),
    ])
    let changes = book.take([
      outcome(added[0].id, .bad("a")), outcome(added[1].id, .bad("b")), outcome(added[0].id, .good),
    ])
    #expect(
      changes == [
        .init(slot: 0, health: .up, reason: nil), .init(slot: 1, health: .down, reason: "b"),
      ])
  }

  /// What was gathered for a snapshot changes the plan once, to what came last.
  @Test func gathering() {
    var plan = makePlan(["web: a b"])
    var gathered = GatheredHealth()
    #expect(gathered.isEmpty)
    gathered.add([
      .init(slot: 0, health: .down, reason: "x"), .init(slot: 1, health: .up, reason: nil),
    ])
    gathered.add([.init(slot: 0, health: .up, reason: nil)])
    #expect(plan.server(slot: 0)?.health == .unknown)
    gathered.apply(to: &plan)
    #expect(plan.server(slot: 0)?.health == .up && plan.server(slot: 1)?.health == .up)
  }
}
