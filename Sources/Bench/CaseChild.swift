import AdminProtocol
import BenchRig

/// What a process of one case does: DPDK starts once a process, so each case has its own.
public enum CaseChild {
  public struct Options: Sendable {
    public var rounds = 11
    public var packets = 1_000_000
    public var hugePages = "auto"
    public var isCounting = false
    /// A folder for captures.
    var folder = ""

    public init() {}
  }

  /// Measures, and returns the object to print.
  public static func run(
    _ benchmarkCase: BenchmarkCase, _ options: Options
  ) throws(BenchFailure) -> JSONValue {
    // Whoever started this process is gone: so is what it was for.
    WorkerCore.dieWithParent()
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    var options = options
    options.folder = folder.path
    switch benchmarkCase.name {
    case "macswap": return try TestpmdCase.run(benchmarkCase, options)
    case "start": return try StartCase.run(benchmarkCase, options)
    case let name where name.hasPrefix("workers."):
      return try WorkersCase.run(benchmarkCase, options)
    default: return try measure(benchmarkCase, options)
    }
  }

  static func measurementOptions(
    _ benchmarkCase: BenchmarkCase, _ options: Options
  ) -> MeasurementOptions {
    var measured = MeasurementOptions(
      name: benchmarkCase.name, n: benchmarkCase.n, isRing: benchmarkCase.device == .ring)
    measured.rounds = options.rounds
    measured.packets = options.packets
    measured.hugePages = options.hugePages
    measured.isCounting = options.isCounting
    measured.folder = options.folder
    return measured
  }

  private static func measure(
    _ benchmarkCase: BenchmarkCase, _ options: Options
  ) throws(BenchFailure) -> JSONValue {
    let measurement = try CaseRun(measurementOptions(benchmarkCase, options)).run()
    guard let worker = Statistics(measurement.worker) else {
      throw BenchFailure("there was no round", code: 1)
    }
    var extra: [(String, JSONValue)] = [
      ("rounds", JSONValue(options.rounds)),
      ("packets", JSONValue(measurement.packets)),
      ("lost", JSONValue(measurement.lost)),
    ]
    if let undisturbed = Statistics(measurement.undisturbed) {
      extra.append(("ns_median_undisturbed", .rounded(undisturbed.median)))
      extra.append(("ns_spread_undisturbed", .rounded(undisturbed.spread)))
      extra.append(("publications", JSONValue(measurement.publications)))
    }
    extra += environment(measurement)
    return CaseResult(
      benchmarkCase, worker: worker, yardstick: Statistics(measurement.macswap), extra: extra
    ).json
  }

  static func environment(_ measurement: CaseMeasurement) -> [(String, JSONValue)] {
    [
      ("hugepages", .bool(measurement.hugePages)), ("own_core", .bool(measurement.hasOwnCore)),
      ("memory", JSONValue(measurement.lines.first)),
    ]
  }
}
