import Balancing
import TestSupport
import Testing

@Suite struct ResponseTimesTests {
  private let memory: Memory
  private let times: ResponseTimes

  init() {
    memory = Memory(ResponseTimes.byteCount(workers: 3, servers: 5))
    times = ResponseTimes(memory: memory.base, workers: 3, servers: 5, halfLife: 100)
  }

  private func record(_ microseconds: UInt32..., worker: Int = 0, at now: UInt32) {
    for sample in microseconds {
      times.record(worker: worker, server: 2, microseconds: sample, now: now)
    }
  }

  @Test func nothingIsKnownAtFirst() {
    for server in 0..<5 as Range<UInt32> { #expect(times.average(server: server, now: 7) == nil) }
  }

  @Test func oneSampleIsTheMean() {
    record(123, at: 1000)
    #expect(times.average(server: 2, now: 1000) == .init(microseconds: 123, samples: 1))
    #expect(times.average(server: 1, now: 1000) == nil)
    #expect(times.average(server: 3, now: 1000) == nil)
  }

  @Test func samplesOfOneMomentCountAlikeWhoeverTookThem() {
    record(100, 200, worker: 0, at: 50)
    record(600, worker: 1, at: 50)
    record(300, worker: 2, at: 50)
    #expect(times.average(server: 2, now: 50) == .init(microseconds: 300, samples: 4))
  }

  /// By hand: 800 counts 1/2 after one half-life, 1/4 after two.
  @Test func aSampleCountsHalfAfterAHalfLife() {
    record(800, at: 0)
    record(200, at: 100)
    #expect(times.average(server: 2, now: 100) == .init(microseconds: 400, samples: 1.5))
    #expect(times.average(server: 2, now: 200) == .init(microseconds: 400, samples: 0.75))
    record(250, at: 200)
    // (800 / 4 + 200 / 2 + 250) / (1 / 4 + 1 / 2 + 1)
    let average = times.average(server: 2, now: 200)!
    #expect(abs(average.microseconds - 550 / 1.75) < 0.1)
    #expect(average.samples == 1.75)
  }

  @Test func samplesOfDifferentWorkersAgeAlike() {
    record(800, worker: 0, at: 0)
    record(200, worker: 1, at: 100)
    #expect(times.average(server: 2, now: 100) == .init(microseconds: 400, samples: 1.5))
  }

  @Test func agesInBetweenFollowTheExponential() {
    // 2^(-1/4), 2^(-1/2), 2^(-3/4), 2^(-5/4); a sample's weight is kept in 256ths.
    let expected: [(UInt32, Double)] = [(25, 0.8409), (50, 0.7071), (75, 0.5946), (125, 0.4204)]
    record(1000, at: 0)
    for (age, weight) in expected {
      let average = times.average(server: 2, now: age)!
      #expect(abs(average.samples - weight) < 0.008 * weight + 0.002)
      #expect(abs(average.microseconds - 1000) < 6)
    }
  }

  @Test func whatIsLongAgoIsForgotten() {
    record(5000, at: 0)
    #expect(times.average(server: 2, now: 4000) == nil)
    record(30, at: 5000)
    #expect(times.average(server: 2, now: 5000) == .init(microseconds: 30, samples: 1))
  }

  /// Five samples a tick for ten half-lives: the sums stay in bounds, the mean where it is.
  @Test func manySamplesKeepTheirMean() {
    for now in 0..<1000 as Range<UInt32> { record(40, 60, 80, 100, 120, at: now) }
    let average = times.average(server: 2, now: 999)!
    #expect(abs(average.microseconds - 80) < 0.5)
    // 5 * (1 + q + q^2 + ...), q = 2^(-1/100): 723, less what is older than ten half-lives.
    #expect(abs(average.samples - 723) < 723 * 0.02)
  }

  @Test func aFloodOfTheGreatestSamplesDoesNotOverflow() {
    for _ in 0..<100_000 { record(.max, at: 9) }
    let average = times.average(server: 2, now: 9)!
    #expect(abs(average.microseconds - 16_777_215) < 16)
    record(0, at: 3000)
    #expect(times.average(server: 2, now: 3000)!.microseconds < 16_777_215 / 2)
  }

  @Test func aChangeShowsAfterAFewHalfLives() {
    for now in 0..<500 as Range<UInt32> { record(100, at: now) }
    for now in 500..<800 as Range<UInt32> { record(900, at: now) }
    // What is older than three half-lives counts an eighth.
    #expect(abs(times.average(server: 2, now: 799)!.microseconds - 800) < 15)
  }

  @Test func ticksMayWrap() {
    record(800, at: .max - 49)
    record(200, at: 50)
    #expect(times.average(server: 2, now: 50) == .init(microseconds: 400, samples: 1.5))
  }

  /// The reader's clock may be behind a worker's.
  @Test func aSampleOfTheFutureCountsWhole() {
    record(77, at: 1000)
    #expect(times.average(server: 2, now: 999) == .init(microseconds: 77, samples: 1))
  }

  @Test func workersShareNoCacheLine() {
    #expect(ResponseTimes.byteCount(workers: 1, servers: 1) == 64)
    #expect(ResponseTimes.byteCount(workers: 3, servers: 5) == 3 * 128)
  }
}
