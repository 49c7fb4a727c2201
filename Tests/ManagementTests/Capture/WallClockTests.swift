import Testing

@testable import Management

/// Times of day from cycles. A counter of 2.45 GHz that is taken for one of 2.44 GHz, beside a clock
/// that is right.
@Suite struct WallClockTests {
  static let start: UInt64 = 1_700_000_000_000_000_000

  /// The cycles at a time after the start.
  static func cycles(_ nanoseconds: UInt64) -> UInt64 { 1_000_000 + nanoseconds * 245 / 100 }

  func makeClock(hertz: UInt64 = 2_440_000_000) -> WallClock {
    WallClock(cycles: Self.cycles(0), time: Self.start, hertz: hertz)
  }

  @Test func beforeASecondReadingTheFrequencyCounts() {
    // 245 cycles are 100 ns, or 100.41 by the wrong frequency.
    #expect(makeClock().time(at: Self.cycles(1_000_000)) == Self.start + 1_004_098)
  }

  @Test func readingsTellTheFrequency() {
    var clock = makeClock()
    clock.synchronize(cycles: Self.cycles(2_000_000), time: Self.start + 2_000_000)
    for moment in [0, 1_000_000, 2_000_000, 3_000_000, 60_000_000_000] as [UInt64] {
      let difference = Int64(clock.time(at: Self.cycles(moment))) - Int64(Self.start + moment)
      #expect(abs(difference) <= 1, "\(moment)")
    }
  }

  /// Even after a day, since it goes by the last readings.
  @Test func itDoesNotDrift() {
    var clock = makeClock()
    var now: UInt64 = 0
    while now < 86_400_000_000_000 {
      now += 1_000_000_000
      clock.synchronize(cycles: Self.cycles(now), time: Self.start + now)
    }
    #expect(clock.time(at: Self.cycles(now + 500_000)) == Self.start + now + 500_000)
  }

  @Test func readingsThatAreTooNearSayNothing() {
    var clock = makeClock()
    clock.synchronize(cycles: Self.cycles(100), time: Self.start + 5_000)
    #expect(clock.time(at: Self.cycles(0)) == Self.start)
  }

  /// An operator, or NTP's first step, sets the clock by an hour: times follow, and their distances stay.
  @Test(arguments: [3_600_000_000_000, -3_600_000_000_000] as [Int64])
  func aClockThatIsSet(step: Int64) {
    var clock = makeClock()
    let now = UInt64(Int64(Self.start) + 10_000_000 + step)
    clock.synchronize(cycles: Self.cycles(10_000_000), time: now)
    #expect(clock.time(at: Self.cycles(10_000_000)) == now)
    #expect(clock.time(at: Self.cycles(11_000_000)) == now + 1_004_098)
    #expect(clock.time(at: Self.cycles(9_000_000)) == now - 1_004_098)
  }
}
