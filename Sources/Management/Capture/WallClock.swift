/// The time of day by the processor's cycle counter.
///
/// It runs straight through the last two moments at which both were read. So it follows the
/// system's clock, and needs the counter's frequency only roughly: DPDK's is rounded to 10 MHz on
/// some processors (`get_tsc_freq`), at worst minutes a day.
struct WallClock {
  private let nominal: Double
  private let least: Int64
  private var cycles: UInt64
  private var time: UInt64
  private var nanosecondsPerCycle: Double

  /// - Parameters:
  ///   - cycles, time: the counter, and nanoseconds since the Unix epoch at that moment
  ///   - hertz: the counter's frequency, roughly
  init(cycles: UInt64, time: UInt64, hertz: UInt64) {
    self.cycles = cycles
    self.time = time
    nominal = 1e9 / Double(hertz)
    nanosecondsPerCycle = nominal
    // A millisecond, within which what a reading is late by counts for less than 0.01 %.
    least = Int64(hertz / 1000)
  }

  /// Takes another reading.
  mutating func synchronize(cycles: UInt64, time: UInt64) {
    let passed = Int64(bitPattern: cycles &- self.cycles)
    guard passed >= least else { return }
    let measured = Double(Int64(bitPattern: time &- self.time)) / Double(passed)
    // Other than this, the system's clock was set.
    nanosecondsPerCycle = abs(measured / nominal - 1) < 0.01 ? measured : nominal
    self.cycles = cycles
    self.time = time
  }

  /// Nanoseconds since the Unix epoch at a reading of the counter, before or after the last moment.
  func time(at cycles: UInt64) -> UInt64 {
    let passed = Double(Int64(bitPattern: cycles &- self.cycles)) * nanosecondsPerCycle
    return time &+ UInt64(bitPattern: Int64(passed.rounded()))
  }
}
