/// Why there is no result: lines that say what to do.
public struct BenchFailure: Error, CustomStringConvertible {
  public let description: String
  /// The program's exit code: 1 bad input or a wrong result, 2 the environment lacks something.
  public let code: Int32

  public init(_ description: String, code: Int32) {
    self.description = description
    self.code = code
  }
}
