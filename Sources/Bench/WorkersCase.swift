import AdminProtocol
import BenchRig

/// Two workers at the same time against one alone.
enum WorkersCase {
  static func run(
    _ benchmarkCase: BenchmarkCase, _ options: CaseChild.Options
  ) throws(BenchFailure) -> JSONValue {
    let measurement = try WorkersRun(CaseChild.measurementOptions(benchmarkCase, options)).run()
    let busy = measurement.workers.filter { !$0.isEmpty }
    let means = measurement.alone.indices.map { round in
      busy.reduce(0) { $0 + $1[round] } / Double(busy.count)
    }
    guard let both = Statistics(means), let alone = Statistics(measurement.alone),
      let sum = Statistics(measurement.packetsPerSecond)
    else { throw BenchFailure("there was no round", code: 1) }
    let extra: [(String, JSONValue)] = [
      ("rounds", JSONValue(options.rounds)),
      ("packets", JSONValue(measurement.packets)), ("lost", 0),
      ("ns_median_alone", .rounded(alone.median)), ("ns_spread_alone", .rounded(alone.spread)),
      ("ns_median_worker0", .rounded(Statistics(measurement.workers[0])?.median)),
      ("ns_median_worker1", .rounded(Statistics(measurement.workers[1])?.median)),
      ("mpps_alone", .rounded(1000 / alone.median)), ("mpps", .rounded(sum.median / 1e6)),
      ("speedup", .rounded(sum.median * alone.median / 1e9)),
    ]
    return CaseResult(
      benchmarkCase, worker: both, yardstick: nil,
      extra: extra + CaseChild.environment(measurement.environment)
    ).json
  }
}
