import Endpoint
import Glibc
import Program

@main
enum Main {
  static func main() {
    // A reader that leaves early (`| head`) ends the output, not the process.
    _ = signal(SIGPIPE, SIG_IGN)
    TaglineEndpoint.runProgram()
  }
}

extension EndpointFailure: ProgramFailure {
  public var text: String { "tagline-endpoint: \(message)\n" }
}
