import Balancing
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
    #expect(book.view(slot: 2, now: .now) == nil)
  }

  @Test func aServerThatIsCheckedNoMore() {
    var book = HealthBook()
    let (added, _) = book.watch([
      wanted(0, check(1), rise: 1), wanted(1, check(1), rise: 1), wanted(2, check(2)),
    ])
    // Another wants the same check.
    #expect(book.unwatch(slot: 1) == nil)
    #expect(book.view(slot: 1, now: .now) == nil)
    #expect(book.take([outcome(added[0].id, .good)]).map(\.slot) == [0])
    #expect(book.unwatch(slot: 0) == added[0].id)
    #expect(book.unwatch(slot: 0) == nil)
    #expect(book.take([outcome(added[0].id, .bad("late"))]) == [] && book.checkCount == 1)
    // The same check again is another.
    let (again, ended) = book.watch([wanted(0, check(1)), wanted(2, check(2))])
    #expect(again.map(\.check) == [check(1)] && again[0].id != added[0].id && ended.isEmpty)
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
    #expect(book.view(slot: 0, now: .now) == nil)
    let (added, _) = book.watch([wanted(0, check(1), rise: 1, fall: 1)])
    var view = try #require(book.view(slot: 0, now: .now))
    #expect(view.reason == nil && view.duration == nil && view.at == nil)
    #expect(view.changes == 0 && view.responseTime == nil)
    let id = added[0].id
    _ = book.take([outcome(id, .good, took: 80)])
    view = try #require(book.view(slot: 0, now: .now))
    #expect(view.reason == "ok" && view.changes == 1)
    #expect(view.duration == .milliseconds(80))
    _ = book.take([outcome(id, .bad("timeout after 1 s"), took: 1000)])
    view = try #require(book.view(slot: 0, now: .now))
    #expect(view.reason == "timeout after 1 s" && view.changes == 2)
    #expect(view.duration == .milliseconds(1000))
    _ = book.take([outcome(id, .unable("too many open files"))])
    #expect(book.view(slot: 0, now: .now)?.reason == "too many open files")
    #expect(book.counts == HealthBook.Counts(good: 1, bad: 1, unable: 1, changes: 2))
  }

  /// Of two services that share a check every 2 s, one takes a server for dead at the first bad answer. A
  /// bad answer's time says nothing of how fast the server is, and neither does one that could not be had.
  @Test func responseTimes() throws {
    let start = ContinuousClock.now
    var book = HealthBook()
    let (added, _) = book.watch([
      wanted(0, check(1), rise: 1, fall: 1), wanted(1, check(1), rise: 1, fall: 2),
    ])
    func take(_ result: CheckResult, begun seconds: Double, took: Duration) {
      _ = book.take([
        CheckOutcome(
          check: added[0].id, result: result, at: start + .seconds(seconds) + took, duration: took)
      ])
    }
    func time(_ slot: UInt32, _ seconds: Double) -> ResponseTimes.Average? {
      book.view(slot: slot, now: start + .seconds(seconds))?.responseTime
    }
    take(.good, begun: 0, took: .milliseconds(80))
    take(.good, begun: 2, took: .milliseconds(160))
    // (80 x 7/8 + 160) / (7/8 + 1) ms.
    let known = try #require(time(0, 2))
    #expect(abs(known.microseconds - 122_666.667) < 0.001 && known.samples == 1.875)
    let later = try #require(time(0, 4))
    #expect(later.microseconds == known.microseconds && later.samples == 1.640_625)
    take(.unable("no socket"), begun: 4, took: .zero)
    take(.bad("refused"), begun: 6, took: .seconds(1))
    #expect(time(0, 8) == nil)
    #expect(time(1, 8)?.microseconds == known.microseconds)
    take(.bad("refused"), begun: 8, took: .seconds(1))
    #expect(time(1, 10) == nil)
    // It is up again: what was known counts by its age, 5 intervals, 1.875 x (7/8)^5 = 0.9617...
    take(.good, begun: 12, took: .milliseconds(10))
    let again = try #require(time(0, 12))
    #expect(abs(again.samples - 1.961_704_254_2) < 1e-9)
    #expect(
      abs(again.microseconds - (122_666.667 * 0.961_704_254_2 + 10_000) / 1.961_704_254_2) < 0.001)
    // 16 intervals after its beginning the last good check says nothing.
    #expect(time(1, 44) != nil && time(1, 44.1) == nil)
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
