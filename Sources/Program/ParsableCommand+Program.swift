import ArgumentParser
import Glibc

extension ParsableCommand {
  /// Runs the command that the process's arguments name, and ends the process if it fails. Bad
  /// arguments are bad input: exit code 1, where ArgumentParser would have 64.
  public static func runProgram() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let failure as any ProgramFailure {
      StandardStream.error.write(failure.text)
      Glibc.exit(failure.exitCode)
    } catch {
      let code = exitCode(for: error)
      let text = fullMessage(for: error)
      if !text.isEmpty {
        (code.isSuccess ? StandardStream.output : .error).write(text + "\n")
      }
      Glibc.exit(code == .validationFailure ? 1 : code.rawValue)
    }
  }
}
