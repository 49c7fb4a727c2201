import CDPDKShim
import CMacswap
import Dataplane

/// Turns of a loop, timed.
enum MeasuredTurns {
  /// Runs the worker's own loop so many times.
  ///
  /// - Returns: cycles of the time-stamp counter
  static func worker(_ appliance: Appliance, times: Int) -> UInt64 {
    withUnsafePointer(to: (appliance, times)) { work in
      let start = shim_cycles()
      tagline_bench_measured(
        { context in
          let (appliance, times) = context.unsafelyUnwrapped.load(as: (Appliance, Int).self)
          appliance.turn(worker: 0, times: times)
        }, UnsafeMutableRawPointer(mutating: work))
      return shim_cycles() &- start
    }
  }

  /// Runs the C loop so many times over the same ports.
  static func macswap(_ ports: [UInt16], times: Int) -> (cycles: UInt64, packets: Int) {
    let first = ports[0]
    let last = ports[ports.count - 1]
    let start = shim_cycles()
    let received = macswap_run(first, last, UInt64(times))
    return (shim_cycles() &- start, Int(received))
  }

  static func nanoseconds(_ cycles: UInt64) -> Double {
    Double(cycles) * 1e9 / Double(rte_get_tsc_hz())
  }
}
