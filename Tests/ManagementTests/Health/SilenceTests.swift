import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import Management

/// How long it takes until a server that falls silent is down.
@Suite struct SilenceTests {
  /// Answers at once until the server falls silent; from then on questions time out.
  private final class MortalProber: HealthProber, @unchecked Sendable {
    let end: NIODeadline

    init(until end: NIODeadline) { self.end = end }

    func probe(_ check: HealthCheck, on loop: any EventLoop) -> EventLoopFuture<CheckResult> {
      if loop.now < end { return loop.makeSucceededFuture(.good) }
      return loop.scheduleTask(in: check.timeoutAmount) { .bad("timeout") }.futureResult
    }

    func stop() {}
  }

  /// Milliseconds from a server's end, at some moment, until it is down.
  private func delay(
    _ check: HealthCheck, fall: Int, end: Int, seed: UInt64
  ) -> Int {
    let loop = EmbeddedEventLoop()
    let end = NIODeadline.uptimeNanoseconds(UInt64(end) * 1_000_000)
    nonisolated(unsafe) var state = HealthState(.up)
    nonisolated(unsafe) var found: NIODeadline?
    let checker = HealthChecker(
      loop: loop, prober: MortalProber(until: end), limit: 10, random: SplitMix(state: seed)
    ) { outcomes in
      for outcome in outcomes where state.take(outcome.result, rise: 1, fall: fall) {
        found = loop.now
      }
    }
    checker.change(added: [(id: CheckID(number: 0), check: check)], removed: [])
    loop.advanceTime(to: end)
    #expect(state.health == .up)
    for _ in 0..<100_000 where found == nil { loop.advanceTime(by: .milliseconds(1)) }
    return found.map { milliseconds($0) - milliseconds(end) } ?? .max
  }

  /// As the manual has it: `fall` intervals with their jitter of a tenth, the last one's timeout and
  /// some milliseconds; where the timeout is longer than the interval, it is what checks wait for. The
  /// worst moment takes nearly all of that.
  @Test(arguments: [
    (interval: 2000, timeout: 1000, fall: 3, most: 3 * 2200 + 1000),
    (interval: 300, timeout: 2000, fall: 2, most: 330 + 2 * 2000),
    (interval: 500, timeout: 400, fall: 1, most: 550 + 400),
  ])
  func isFoundInTime(interval: Int, timeout: Int, fall: Int, most: Int) {
    let check = check(
      1, interval: .milliseconds(interval), timeout: .milliseconds(timeout), jitter: 10)
    var random = SplitMix(state: 7)
    let delays = (0..<300).map { seed in
      let end = 10_000 + Int.random(in: 0..<(4 * interval), using: &random)
      return delay(check, fall: fall, end: end, seed: UInt64(seed))
    }
    let allowance = (fall + 1) * 5
    #expect((delays.max() ?? .max) <= most + allowance)
    #expect((delays.max() ?? 0) >= most * 9 / 10)
  }
}
