import CBPFShim
import Glibc

/// Why a command could not be done: one line for people, and the exit code.
public struct EndpointFailure: Error, Equatable {
  public let message: String
  /// 1: bad input; 2: the environment lacks something.
  public let exitCode: Int32

  /// Bad input.
  static func refused(_ message: String) -> EndpointFailure {
    EndpointFailure(message: message, exitCode: 1)
  }

  /// Something that the machine lacks.
  static func lacking(_ message: String) -> EndpointFailure {
    EndpointFailure(message: message, exitCode: 2)
  }

  /// A call that failed with a (negative) errno.
  static func system(_ what: String, _ error: CInt) -> EndpointFailure {
    lacking("\(what): \(errorText(error))")
  }
}

/// An errno, negative or not, in words, with what to do where that is plain.
func errorText(_ error: CInt) -> String {
  var text = [CChar](repeating: 0, count: 160)
  unsafe endpoint_error_text(abs(error), &text, text.count)
  let words = String(
    decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  switch abs(error) {
  case EPERM, EACCES: return words + "; run this as root"
  case EOPNOTSUPP: return words + "; the kernel or the device's driver lacks it"
  default: return words
  }
}

/// Throws if a call of the shim failed.
func check(_ result: CInt, _ what: @autoclosure () -> String) throws(EndpointFailure) {
  if result < 0 { throw .system(what(), result) }
}
