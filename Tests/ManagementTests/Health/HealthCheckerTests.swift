import NIOCore
import NIOEmbedded
import Synchronization
import TestSupport
import Testing

@testable import Management

/// On an embedded event loop, whose time moves only when it is told to.
@Suite struct HealthCheckerTests {
  private final class Rig {
    let loop = EmbeddedEventLoop()
    let prober: FakeProber
    let checker: HealthChecker
    let delivered = Mutex<[[CheckOutcome]]>([])

    init(answer: CheckResult? = .good, limit: Int = 1000, seed: UInt64 = 1) {
      prober = FakeProber(answer: answer)
      nonisolated(unsafe) var deliver: ([CheckOutcome]) -> Void = { _ in }
      checker = HealthChecker(
        loop: loop, prober: prober, limit: limit, random: SplitMix(state: seed)
      ) { deliver($0) }
      deliver = { [unowned self] batch in delivered.withLock { $0.append(batch) } }
    }

    func begin(_ checks: [HealthCheck]) {
      let added = checks.enumerated().map { (id: CheckID(number: $0.offset), check: $0.element) }
      checker.change(added: added, removed: [])
      loop.run()
    }

    var batches: [[CheckOutcome]] { delivered.withLock { $0 } }
  }

  /// A thousand checks of 2 s spread evenly: a chunk of 100 ms has 50 of them, give or take those
  /// that the grain of 5 ms moves.
  @Test func checksThatBeginTogetherSpread() {
    let rig = Rig()
    rig.begin((0..<1000).map { check(UInt32($0)) })
    rig.loop.advanceTime(by: .milliseconds(1999))
    #expect(rig.prober.begun.count >= 997)
    let chunks = Dictionary(grouping: rig.prober.begun) { milliseconds($0.at) / 100 }
    #expect(chunks.count == 20)
    #expect(chunks.values.allSatisfy { 47...53 ~= $0.count })
  }

  /// Without jitter they come again at their interval.
  @Test func eachComesAgain() {
    let rig = Rig()
    rig.begin([check(1), check(2, interval: .milliseconds(500))])
    rig.loop.advanceTime(by: .seconds(10))
    let times = Dictionary(grouping: rig.prober.begun, by: \.check)
      .mapValues { $0.map { milliseconds($0.at) } }
    #expect(times[check(1)] == [0, 2000, 4000, 6000, 8000, 10_000])
    let often = times[check(2, interval: .milliseconds(500))]
    #expect(often == (0..<20).map { 250 + $0 * 500 })
  }

  /// The time between two is within the jitter, differs, and is the interval on average.
  @Test func jitter() throws {
    let rig = Rig()
    rig.begin([check(1, jitter: 10)])
    rig.loop.advanceTime(by: .seconds(2000))
    let times = rig.prober.begun.map { milliseconds($0.at) }
    let gaps = zip(times.dropFirst(), times).map { $0 - $1 }
    #expect(gaps.allSatisfy { 1800...2205 ~= $0 })
    #expect(Set(gaps).count > 50)
    let mean = Double(gaps.reduce(0, +)) / Double(gaps.count)
    #expect(abs(mean - 2000) < 30)
  }

  /// Checks that all take their whole timeout: `limit` at once, in turn, nobody starves.
  @Test func atMostSoManyAtOnce() {
    let rig = Rig(answer: nil, limit: 3)
    let checks = (0..<10).map { check(UInt32($0), interval: .milliseconds(100)) }
    rig.begin(checks)
    for _ in 0..<200 {
      rig.loop.advanceTime(by: .milliseconds(50))
      for begun in rig.prober.begun.suffix(3) { rig.prober.end(begun.check, .good) }
    }
    #expect(rig.prober.mostUnderWay == 3)
    let counts = Dictionary(grouping: rig.prober.begun, by: \.check).mapValues(\.count)
    #expect(counts.count == 10)
    #expect(counts.values.max()! - counts.values.min()! <= 1)
  }

  /// Checks that end as soon as they begin, one after the other and not one within the other.
  @Test func manyThatEndAtOnce() {
    let rig = Rig(answer: nil, limit: 1)
    let checks = (0..<50_000).map { place in
      check(1, .tcp(port: UInt16(place)), interval: .seconds(3600))
    }
    rig.begin(checks)
    rig.loop.advanceTime(by: .seconds(3599))
    #expect(rig.prober.begun.count == 1)
    rig.prober.answer = .good
    rig.prober.end(checks[0], .good)
    #expect(rig.prober.begun.count > 49_900)
  }

  /// One that lasts past its interval is not begun twice, and comes again at once.
  @Test func slowChecksDoNotOverlap() {
    let rig = Rig(answer: nil)
    rig.begin([check(1)])
    rig.loop.advanceTime(by: .seconds(9))
    #expect(rig.prober.begun.count == 1)
    rig.prober.end(check(1), .bad("timeout"))
    rig.loop.advanceTime(by: .milliseconds(5))
    #expect(rig.prober.begun.count == 2)
  }

  /// What ends within a few milliseconds is handed over together, with result and time.
  @Test func outcomesComeInBatches() throws {
    let rig = Rig(answer: nil)
    let checks = (0..<3).map { check(UInt32($0), interval: .milliseconds(15)) }
    rig.begin(checks)
    rig.loop.advanceTime(by: .milliseconds(10))
    #expect(rig.prober.begun.count == 3)
    rig.prober.end(checks[0], .good)
    rig.loop.advanceTime(by: .milliseconds(2))
    rig.prober.end(checks[2], .bad("status 503"))
    rig.loop.advanceTime(by: .milliseconds(2))
    #expect(rig.batches.isEmpty)
    rig.loop.advanceTime(by: .milliseconds(1))
    let batch = try #require(rig.batches.first)
    #expect(rig.batches.count == 1)
    #expect(batch.map(\.check.number) == [0, 2])
    #expect(batch.map(\.result) == [.good, .bad("status 503")])
    // Begun at 0 and 10 ms, ended at 10 and 12 ms.
    #expect(batch.map(\.duration) == [.milliseconds(10), .milliseconds(2)])
  }

  @Test func endedChecksStayEnded() {
    let rig = Rig(answer: nil)
    rig.begin([check(1), check(2)])
    #expect(rig.prober.begun.map(\.check) == [check(1)])
    rig.checker.change(added: [], removed: [CheckID(number: 0), CheckID(number: 1)])
    rig.loop.run()
    rig.prober.end(check(1), .good)
    rig.loop.advanceTime(by: .seconds(60))
    #expect(rig.prober.begun.count == 1)
    #expect(rig.batches.isEmpty)
  }

  @Test func stopping() throws {
    let rig = Rig()
    rig.begin([check(1)])
    let stopped = rig.checker.stop()
    rig.loop.run()
    try stopped.wait()
    rig.loop.advanceTime(by: .seconds(60))
    #expect(rig.prober.isStopped && rig.prober.begun.count == 1)
    #expect(rig.batches.isEmpty)
  }
}
