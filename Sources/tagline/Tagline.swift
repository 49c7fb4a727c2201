import ArgumentParser
import Management
import Program

@main
struct Tagline: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tagline",
    abstract: "A server load balancer that switches sessions by MPLS label.",
    subcommands: [Run.self, Check.self])

  static func main() { runProgram() }
}

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the appliance in the foreground. SIGTERM ends it, SIGHUP reloads.")

  @Option(help: "The configuration file.")
  var config: String

  @Option(help: "End once no port has received a packet for so many seconds.")
  var exitWhenIdle: Double?

  func validate() throws {
    if let exitWhenIdle, !(exitWhenIdle > 0 && exitWhenIdle.isFinite) {
      throw ValidationError("--exit-when-idle is \(exitWhenIdle); expected seconds above 0")
    }
  }

  func run() throws {
    try RunningAppliance.run(config, idleSeconds: exitWhenIdle)
  }
}

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check a configuration file; needs neither devices nor rights.")

  @Option(help: "The configuration file.")
  var config: String

  func run() throws { try RunningAppliance.check(config) }
}

extension RunningAppliance.Failure: ProgramFailure {
  public var text: String { lines.map { $0 + "\n" }.joined() }
  public var exitCode: Int32 { code }
}
