import ArgumentParser
import Endpoint
import Glibc

/// Runs the command that the arguments name, and ends with the exit codes of the contract: 0 done,
/// 1 bad input, 2 the environment lacks something.
@main
enum Main {
  static func main() {
    // A reader that leaves early (`| head`) ends the output, not the process.
    _ = signal(SIGPIPE, SIG_IGN)
    do {
      var command = try TaglineEndpoint.parseAsRoot()
      try command.run()
    } catch let failure as EndpointFailure {
      write("tagline-endpoint: \(failure.message)\n", to: STDERR_FILENO)
      exit(failure.exitCode)
    } catch {
      let isHelp = TaglineEndpoint.exitCode(for: error).isSuccess
      write(
        TaglineEndpoint.fullMessage(for: error) + "\n", to: isHelp ? STDOUT_FILENO : STDERR_FILENO)
      exit(isHelp ? 0 : 1)
    }
  }

  static func write(_ text: String, to descriptor: CInt = STDOUT_FILENO) {
    var rest = ArraySlice(text.utf8)
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { bytes in
        unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
      }
      if count < 0 {
        if errno == EINTR { continue }
        return
      }
      rest = rest.dropFirst(count)
    }
  }
}
