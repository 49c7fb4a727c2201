import AdminProtocol

/// What a case gave: the object that `--json` prints on a line.
public struct CaseResult: Equatable, Sendable {
  public let benchmarkCase: BenchmarkCase
  /// Nanoseconds a packet: of the worker, and of the yardstick in the same rounds on the same device.
  public let worker: Statistics
  public let yardstick: Statistics?
  /// Keys of this case beside the common ones.
  public var extra: [(String, JSONValue)]

  public init(
    _ benchmarkCase: BenchmarkCase, worker: Statistics, yardstick: Statistics?,
    extra: [(String, JSONValue)] = []
  ) {
    self.benchmarkCase = benchmarkCase
    self.worker = worker
    self.yardstick = yardstick
    self.extra = extra
  }

  public static func == (left: CaseResult, right: CaseResult) -> Bool { left.json == right.json }

  public var ratio: Double? { yardstick.map { worker.median / $0.median } }
  /// What the worker takes above the yardstick.
  public var net: Double? { yardstick.map { worker.median - $0.median } }

  public var json: JSONValue {
    let common: [(String, JSONValue)] = [
      ("case", .string(benchmarkCase.name)),
      ("device", .string(benchmarkCase.device.rawValue)),
      ("n", JSONValue(benchmarkCase.n)),
      ("ns_min", .rounded(worker.minimum)),
      ("ns_median", .rounded(worker.median)),
      ("ns_spread", .rounded(worker.spread)),
      ("macswap_ns_min", .rounded(yardstick?.minimum)),
      ("macswap_ns_median", .rounded(yardstick?.median)),
      ("macswap_ns_spread", .rounded(yardstick?.spread)),
      ("ratio", .rounded(ratio)),
      ("net", .rounded(net)),
    ]
    return .object(JSONObject(common + extra))
  }
}

extension JSONValue {
  /// A number rounded to thousandths, or null.
  static func rounded(_ value: Double?) -> JSONValue {
    value.map { .double(($0 * 1000).rounded() / 1000) } ?? .null
  }
}
