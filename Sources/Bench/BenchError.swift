import BenchRig

/// Why there is no result: lines that say what to do, and the program's exit code: 1 bad input or a
/// wrong result, 2 the environment lacks something.
public struct BenchError: Error, CustomStringConvertible {
  public let description: String
  public let code: Int32

  public init(_ description: String, code: Int32) {
    self.description = description
    self.code = code
  }

  init(_ failure: BenchFailure) { self.init(failure.description, code: failure.code) }
}
