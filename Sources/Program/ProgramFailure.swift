/// Why a program ends without having done what it was told.
public protocol ProgramFailure: Error {
  /// Whole lines for people, for standard error.
  var text: String { get }
  /// 1: bad input; 2: the environment lacks something.
  var exitCode: Int32 { get }
}
