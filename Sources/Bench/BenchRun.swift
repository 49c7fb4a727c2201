import AdminProtocol
import BenchRig
import Foundation

/// A run of some cases, each in a process of its own.
public struct BenchRun {
  public var rounds = 11
  public var packets = 1_000_000
  public var hugePages = "auto"
  /// Whether to print JSON in place of the table.
  public var printsJSON = false
  /// Where to record the results.
  public var record: String?

  public init() {}

  /// This program's file.
  static var executable: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? ProcessInfo.processInfo.arguments[0]
  }

  /// Arguments that make this program the process of a case; see `--run-case`.
  func childArguments(_ benchmarkCase: BenchmarkCase) -> [String] {
    [
      "--run-case", benchmarkCase.path, "--rounds", "\(rounds)", "--packets", "\(packets)",
      "--hugepages", hugePages,
    ]
  }

  /// Runs the cases one after the other and prints each result when it is there. A case that fails
  /// does not stop the others.
  ///
  /// - Throws: what failed, after all have run
  public func run(_ cases: [BenchmarkCase]) throws(BenchFailure) {
    if !printsJSON { emit(ResultTable.header + "  (ns a packet)") }
    var results: [JSONValue] = []
    var failures: [String] = []
    var code: Int32 = 0
    var environment: String?
    for benchmarkCase in cases {
      do {
        let result = try measure(benchmarkCase)
        results.append(result)
        emit(printsJSON ? result.encodedText : ResultTable.line(result))
        note(result, &environment)
      } catch {
        failures.append("\(benchmarkCase.path): \(error.description)")
        code = max(code, error.code)
      }
    }
    if let record { try Record.write(results, to: record) }
    guard failures.isEmpty else {
      throw BenchFailure(failures.joined(separator: "\n"), code: code)
    }
  }

  /// Says what memory and processors the measurements have, when it is the first or changes.
  private func note(_ result: JSONValue, _ said: inout String?) {
    guard let hugePages = result["hugepages"]?.boolValue else { return }
    var text = hugePages ? "with huge pages" : "without huge pages"
    if !hugePages, self.hugePages != "none" {
      text += ", as too few are free (hugepages/reserve 1024)"
    }
    if result["own_core"]?.boolValue == false {
      text += "; the manager has no processor of its own and disturbs the workers"
    }
    guard text != said else { return }
    said = text
    FileHandle.standardError.write(Data("measured \(text)\n".utf8))
  }

  private func measure(_ benchmarkCase: BenchmarkCase) throws(BenchFailure) -> JSONValue {
    try Self.read(
      try Subprocess(
        Self.executable, childArguments(benchmarkCase), errors: .standardError))
  }

  /// A child's result: its last line.
  static func read(_ child: Subprocess) throws(BenchFailure) -> JSONValue {
    let (output, status) = child.finish()
    guard status == 0 else {
      let reason = output.split(separator: "\n").last.map(String.init)
      throw BenchFailure(
        reason ?? "the process of the case died", code: status == 2 ? 2 : 1)
    }
    guard let line = output.split(separator: "\n").last,
      let result = try? JSONValue(parsing: String(line))
    else { throw BenchFailure("the process of the case printed no result", code: 1) }
    return result
  }

  private func emit(_ line: String) {
    print(line)
    fflush(nil)
  }
}
