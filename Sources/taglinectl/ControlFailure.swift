import Program

/// Why a command failed: a line for people, and the exit code.
struct ControlFailure: ProgramFailure, Equatable {
  let message: String
  let exitCode: Int32

  var text: String { "taglinectl: \(message)\n" }

  /// Exit code 1: bad input, or an error answer.
  static func refused(_ message: String) -> ControlFailure {
    ControlFailure(message: message, exitCode: 1)
  }

  /// Exit code 2: there is no appliance to talk to.
  static func unreachable(_ message: String) -> ControlFailure {
    ControlFailure(message: message, exitCode: 2)
  }
}
