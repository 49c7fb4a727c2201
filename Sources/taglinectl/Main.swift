import ArgumentParser
import Glibc

/// Runs the command that the arguments name, and ends with the exit codes of the contract: 0 done,
/// 1 bad input or an error answer, 2 the appliance cannot be reached.
@main
enum Main {
  static func main() {
    // A reader that leaves early (`| head`) ends the output, not the process.
    _ = signal(SIGPIPE, SIG_IGN)
    do {
      var command = try Taglinectl.parseAsRoot()
      try command.run()
    } catch let failure as ControlFailure {
      StandardStream.error.write("taglinectl: \(failure.message)\n")
      exit(failure.exitCode)
    } catch {
      let isHelp = Taglinectl.exitCode(for: error).isSuccess
      let stream = isHelp ? StandardStream.output : StandardStream.error
      stream.write(Taglinectl.fullMessage(for: error) + "\n")
      exit(isHelp ? 0 : 1)
    }
  }
}
