import Balancing
import TestSupport
import Testing

@Suite struct SharedTokenBucketTests {
  private static let second: UInt64 = 1_000_000_000
  /// Any moment of an appliance that has run for a while.
  private static let start: UInt64 = 12_345 * second + 678

  /// Buckets of which tests use the last, and each worker's view of them.
  private final class Workers {
    let memory: Memory
    let views: [SharedTokenBucket]

    init(_ count: Int) {
      let memory = Memory(SharedTokenBucket.byteCount(workers: count, buckets: 3))
      self.memory = memory
      views = (0..<count).map {
        SharedTokenBucket(memory: memory.base, worker: $0, workers: count, buckets: 3)
      }
    }

    func take(_ worker: Int = 0, rate: UInt32, at now: UInt64) -> Bool {
      views[worker].take(2, rate: rate, now: now)
    }

    /// What a worker gets at one moment.
    func drain(_ worker: Int = 0, rate: UInt32, at now: UInt64) -> Int {
      var taken = 0
      while take(worker, rate: rate, at: now) { taken += 1 }
      return taken
    }
  }

  @Test(arguments: [1, 3, 7, 10, 999, 299_999]) func beginsFullWithASecondsWorth(_ rate: UInt32) {
    #expect(Workers(1).drain(rate: rate, at: Self.start) == Int(rate))
    #expect(Workers(1).drain(rate: rate, at: 0) == Int(rate))
  }

  @Test func refillsOneByOne() {
    let workers = Workers(1)
    #expect(workers.drain(rate: 10, at: Self.start) == 10)
    // A tenth of a second for each.
    #expect(!workers.take(rate: 10, at: Self.start + 99_999_999))
    #expect(workers.take(rate: 10, at: Self.start + 100_000_000))
    #expect(!workers.take(rate: 10, at: Self.start + 199_999_999))
    #expect(workers.drain(rate: 10, at: Self.start + 550_000_000) == 4)
  }

  /// Rates that do not divide a second in whole nanoseconds lose nothing over time.
  @Test(arguments: [1, 3, 7, 600, 9_999]) func theLongRunIsExact(_ rate: UInt32) {
    let workers = Workers(1)
    _ = workers.drain(rate: rate, at: Self.start)
    var taken = 0
    for millisecond in 1...20_000 as ClosedRange<UInt64> {
      taken += workers.drain(rate: rate, at: Self.start + millisecond * 1_000_000)
    }
    #expect(taken == 20 * Int(rate))
  }

  @Test func aPauseOfDaysFillsTheBucketAndNoMore() {
    let workers = Workers(2)
    var now = Self.start
    for _ in 0..<3 {
      #expect(workers.drain(0, rate: 1000, at: now) == 1000)
      now += 90 * 86_400 * Self.second
    }
    #expect(workers.drain(1, rate: 1000, at: now) == 1000)
  }

  @Test func tenMillionASecond() {
    let workers = Workers(1)
    let later = Self.start + 30 * 86_400 * Self.second
    #expect(workers.take(rate: 10_000_000, at: Self.start))
    #expect(workers.drain(rate: 10_000_000, at: later) == 10_000_000)
    #expect(workers.drain(rate: 10_000_000, at: later + 1_000_000) == 10_000)
    #expect(!workers.take(rate: 10_000_000, at: later + 1_000_099))
    #expect(workers.take(rate: 10_000_000, at: later + 1_000_100))
  }

  @Test func twoWorkersShareOneRate() {
    let workers = Workers(2)
    var taken = [0, 0]
    // Both ask each millisecond for five seconds: the first 100, then 100 a second.
    for millisecond in 0...5_000 as ClosedRange<UInt64> {
      let now = Self.start + millisecond * 1_000_000
      // A token comes each 10 ms; which worker looks first changes as often.
      let first = Int(millisecond / 10 % 2)
      for worker in [first, 1 - first] where workers.take(worker, rate: 100, at: now) {
        taken[worker] += 1
      }
    }
    #expect(taken[0] + taken[1] == 600)
    #expect(taken[0] > 200 && taken[1] > 200)
  }

  @Test func whatIsLeftOfABurstIsAnyWorkers() {
    let workers = Workers(3)
    for _ in 0..<4 { #expect(workers.take(0, rate: 10, at: Self.start)) }
    for _ in 0..<5 { #expect(workers.take(2, rate: 10, at: Self.start)) }
    #expect(workers.drain(1, rate: 10, at: Self.start) == 1)
    #expect(workers.drain(0, rate: 10, at: Self.start) == 0)
  }

  /// A worker that did not look for long knows what the others took at the end of that time.
  @Test func anIdleWorkerBringsNoBurstOfItsOwn() {
    let workers = Workers(2)
    #expect(workers.take(1, rate: 50, at: Self.start))
    let later = Self.start + 100 * Self.second
    #expect(workers.drain(0, rate: 50, at: later) == 50)
    #expect(workers.drain(1, rate: 50, at: later) == 0)
  }

  /// 20 a second of 100, for 100 seconds: more than a burst in all, and the bucket is near full.
  @Test func anIdleWorkerIsNotRefusedWhatOthersLeft() {
    let workers = Workers(2)
    #expect(workers.take(1, rate: 100, at: Self.start))
    var now = Self.start
    for _ in 0..<2_000 {
      now += 50_000_000
      #expect(workers.take(0, rate: 100, at: now))
    }
    #expect(workers.drain(1, rate: 100, at: now) == 99)
  }

  /// Two that look before either takes get one too many, which is owed: with one a second, the next
  /// comes after two.
  @Test func whatIsTakenTooMuchIsOwed() {
    let workers = Workers(2)
    for view in workers.views { #expect(view.holds(2, rate: 1, now: Self.start)) }
    for view in workers.views { view.spend(2, rate: 1) }
    #expect(!workers.take(0, rate: 1, at: Self.start + Self.second))
    #expect(!workers.take(1, rate: 1, at: Self.start + 2 * Self.second - 1))
    #expect(workers.take(1, rate: 1, at: Self.start + 2 * Self.second))
  }

  @Test func askingTakesNothing() {
    let workers = Workers(1)
    for _ in 0..<100 { #expect(workers.views[0].holds(2, rate: 1, now: Self.start)) }
    #expect(workers.drain(rate: 1, at: Self.start) == 1)
    #expect(!workers.views[0].holds(2, rate: 1, now: Self.start))
  }

  @Test func aChangedRateKeepsTheLevel() {
    let workers = Workers(2)
    #expect(workers.drain(0, rate: 10, at: Self.start) == 10)
    // Empty at 10 a second is empty at 1,000 a second; half full is half full.
    #expect(workers.drain(1, rate: 1000, at: Self.start) == 0)
    #expect(workers.drain(1, rate: 1000, at: Self.start + 3_000_000) == 3)
    #expect(workers.drain(0, rate: 4, at: Self.start + 503_000_000) == 2)
  }

  @Test func aRateOfZeroGivesNone() {
    #expect(Workers(1).drain(rate: 0, at: Self.start) == 0)
  }

  @Test func bucketsAreApart() {
    let workers = Workers(2)
    #expect(workers.drain(rate: 5, at: Self.start) == 5)
    for bucket in 0..<2 as Range<UInt32> {
      #expect(workers.views[1].take(bucket, rate: 5, now: Self.start))
    }
  }

  /// Clocks of two cores that differ by a microsecond cost at most that, and give nothing extra.
  @Test func aClockThatLagsGivesNothing() {
    let workers = Workers(2)
    #expect(workers.drain(0, rate: 1000, at: Self.start + 1000) == 1000)
    #expect(workers.drain(1, rate: 1000, at: Self.start) == 0)
    #expect(workers.drain(1, rate: 1000, at: Self.start + 1_000_000) == 0)
    #expect(workers.drain(1, rate: 1000, at: Self.start + 1_001_000) == 1)
  }
}
