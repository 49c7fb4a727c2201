import AdminProtocol
import BenchRig

/// Shows that the C loop, which the other cases are compared with, costs what dpdk-testpmd costs: round
/// by round on the same processor and the same kind of device.
enum TestpmdCase {
  private static let roundSeconds = 0.15

  static func run(
    _ benchmarkCase: BenchmarkCase, _ options: CaseChild.Options
  ) throws(BenchFailure) -> JSONValue {
    let isRing = benchmarkCase.device == .ring
    let yardstick = try Yardstick(
      CaseChild.measurementOptions(benchmarkCase, options))
    let testpmd = try Testpmd(
      device: yardstick.device, isRing: isRing, hugePages: yardstick.measurement.hugePages,
      packetBuffers: 32_768)
    defer { testpmd.quit() }
    var ours: [Double] = []
    var theirs: [Double] = []
    for _ in 0..<options.rounds {
      theirs.append(try testpmd.round(seconds: roundSeconds))
      ours.append(try yardstick.round(packets: isRing ? 20_000_000 : 4_000_000))
    }
    guard let worker = Statistics(ours), let other = Statistics(theirs) else {
      throw BenchFailure("there was no round", code: 1)
    }
    return CaseResult(
      benchmarkCase, worker: worker, yardstick: other,
      extra: [("rounds", JSONValue(options.rounds))]
        + CaseChild.environment(yardstick.measurement)
    ).json
  }
}
