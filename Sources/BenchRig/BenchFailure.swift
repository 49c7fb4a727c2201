/// Why a benchmark cannot run or was not what it meant to be: one line.
package struct BenchFailure: Error, CustomStringConvertible {
  package let description: String
  /// The program's exit code: 1 bad input or a wrong result, 2 the environment lacks something.
  package let code: Int32

  package init(_ description: String, code: Int32) {
    self.description = description
    self.code = code
  }
}
