import ArgumentParser
import Foundation
import Management

@main
struct Tagline: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tagline",
    abstract: "A server load balancer that switches sessions by MPLS label.",
    subcommands: [Run.self, Check.self])

  /// Bad arguments are bad input: exit code 1, where ArgumentParser would have 64.
  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      if exitCode(for: error) == .validationFailure {
        FileHandle.standardError.write(Data((fullMessage(for: error) + "\n").utf8))
        Foundation.exit(1)
      }
      exit(withError: error)
    }
  }
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
    try report { () throws(RunningAppliance.Failure) in
      try RunningAppliance.run(config, idleSeconds: exitWhenIdle)
    }
  }
}

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check a configuration file; needs neither devices nor rights.")

  @Option(help: "The configuration file.")
  var config: String

  func run() throws {
    try report { () throws(RunningAppliance.Failure) in try RunningAppliance.check(config) }
  }
}

/// Prints what went wrong and ends with its exit code.
private func report(_ body: () throws(RunningAppliance.Failure) -> Void) throws {
  do {
    try body()
  } catch {
    let text = error.lines.map { $0 + "\n" }.joined()
    FileHandle.standardError.write(Data(text.utf8))
    throw ExitCode(error.code)
  }
}
