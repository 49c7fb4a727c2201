import Testing

@testable import Management

@Suite struct CheckTimeTests {
  private let start = ContinuousClock.now
  private let interval = Duration.seconds(2)

  /// A check that began so many intervals after the start.
  private func add(_ time: inout CheckTime, at place: Double, took milliseconds: Int) {
    let sample = Duration.milliseconds(milliseconds)
    time.add(sample, ended: start + interval * place + sample, interval: interval)
  }

  private func known(_ time: CheckTime, at place: Double) -> (
    milliseconds: Double, samples: Double
  )? {
    time.average(at: start + interval * place, interval: interval).map {
      ($0.microseconds / 1000, $0.samples)
    }
  }

  private func expect(
    _ time: CheckTime, at place: Double, milliseconds: Double, samples: Double,
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    let found = try #require(known(time, at: place), sourceLocation: location)
    #expect(abs(found.milliseconds - milliseconds) < 1e-6, sourceLocation: location)
    #expect(abs(found.samples - samples) < 1e-6, sourceLocation: location)
  }

  /// One interval is 7/8 of the weight:
  ///
  ///     sums of time and weight:  80               1
  ///     80 x 7/8 + 160          = 230              7/8 + 1 = 15/8     230 / (15/8)       = 122 2/3
  ///     230 x 7/8 + 10          = 211 1/4     15/8 x 7/8 + 1 = 169/64     211 1/4 / (169/64) = 80
  @Test func checksOnTime() throws {
    var time = CheckTime()
    #expect(known(time, at: 0) == nil)
    add(&time, at: 0, took: 80)
    try expect(time, at: 0, milliseconds: 80, samples: 1)
    add(&time, at: 1, took: 160)
    try expect(time, at: 1, milliseconds: 230 / 1.875, samples: 1.875)
    add(&time, at: 2, took: 10)
    try expect(time, at: 2, milliseconds: 80, samples: 2.640625)
  }

  /// 1 + 7/8 + (7/8)^2 + ... = 8.
  @Test func theyAreAMeanOverEight() throws {
    var time = CheckTime()
    for place in 0..<200 { add(&time, at: Double(place), took: 40) }
    try expect(time, at: 199, milliseconds: 40, samples: 8)
  }

  /// Each interval leaves 7/8, half an interval (7/8)^(1/2) = 0.9354...; the mean stays. After 16
  /// nothing is known.
  @Test func withoutChecksLessIsKnown() throws {
    var time = CheckTime()
    for place in 0..<200 { add(&time, at: Double(place), took: 40) }
    try expect(time, at: 199.5, milliseconds: 40, samples: 8 * 0.935_414_346_693_485)
    try expect(time, at: 200, milliseconds: 40, samples: 7)
    try expect(time, at: 202, milliseconds: 40, samples: 5.359_375)
    try expect(time, at: 215, milliseconds: 40, samples: 0.944_536_696_2)
    #expect(known(time, at: 215.1) == nil)
    // What was long ago weighs as little when checks come again: 8 x (7/8)^19 = 0.63276...
    add(&time, at: 218, took: 100)
    let weight = 0.632_765_794_5
    try expect(
      time, at: 218, milliseconds: (40 * weight + 100) / (weight + 1), samples: weight + 1)
  }

  /// Each begins with the last one's end, 5 s after its beginning and not 2 s: on time.
  @Test func checksThatTakeLongerThanTheirInterval() throws {
    var time = CheckTime()
    for place in 0..<200 { add(&time, at: Double(place) * 2.5, took: 5000) }
    try expect(time, at: 199 * 2.5, milliseconds: 5000, samples: 8)
    try expect(time, at: 200 * 2.5, milliseconds: 5000, samples: 7)
  }
}
