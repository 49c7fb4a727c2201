import AdminProtocol
import BenchRig
import Foundation

/// Instructions a packet, counted by callgrind: the same for the same program and input, up to a few in
/// a hundred that the secrets of each start's hashes move.
public enum Instructions {
  /// What the budgets are for.
  public static let cases = [
    BenchmarkCase("switch", .ring, 1000), BenchmarkCase("session", .ring, 1000),
    BenchmarkCase("new.wlc", .ring, 100_000),
  ]

  /// The function that all measured work is called through.
  private static let measured = "tagline_bench_measured"
  private static let packets = 51_200

  /// The object to print: `case`, `device`, `n`, `instructions` (a packet), `packets`.
  public static func count(_ benchmarkCase: BenchmarkCase) throws(BenchFailure) -> JSONValue {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    // valgrind 3.19 does not understand all of Swift's debug information.
    let stripped = folder.path + "/tagline-bench"
    guard Subprocess.output(of: "objcopy", ["--strip-debug", BenchRun.executable, stripped]) != nil
    else { throw BenchFailure("objcopy is missing: apt-get install binutils", code: 2) }
    guard Subprocess.output(of: "valgrind", ["--version"]) != nil else {
      throw BenchFailure("valgrind is missing: apt-get install valgrind", code: 2)
    }
    let counts = folder.path + "/callgrind.out"
    var run = BenchRun()
    run.rounds = 1
    run.packets = packets
    run.hugePages = "none"
    let child = try Subprocess(
      "valgrind",
      [
        "--quiet", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=\(measured)",
        "--callgrind-out-file=\(counts)", stripped,
      ] + run.childArguments(benchmarkCase) + ["--counting"], errors: .standardError)
    let result = try BenchRun.read(child)
    guard let text = try? String(contentsOfFile: counts, encoding: .utf8),
      let total = total(text), let handled = result["packets"]?.intValue, handled > 0
    else { throw BenchFailure("callgrind has counted nothing", code: 1) }
    return [
      "case": .string(benchmarkCase.name), "device": .string(benchmarkCase.device.rawValue),
      "n": JSONValue(benchmarkCase.n),
      "instructions": .rounded(total / Double(handled)), "packets": JSONValue(handled),
    ]
  }

  /// The `totals:` line of a callgrind file.
  static func total(_ text: String) -> Double? {
    let line = text.split(separator: "\n").last { $0.hasPrefix("totals: ") }
    return line.flatMap { Double($0.dropFirst("totals: ".count)) }
  }
}
