import AdminProtocol
import ArgumentParser

/// `session` and what is done to one.
struct SessionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "session", abstract: "Changes a session.", subcommands: [SessionWithdraw.self])
}

struct SessionWithdraw: AdminCommand {
  static let configuration = CommandConfiguration(
    commandName: "withdraw", abstract: "Ends the session that has a label.")

  @OptionGroup var connection: ConnectionOptions

  @Argument(help: "Either label of the session's pair.")
  var label: UInt32

  var method: String { "session.withdraw" }

  var parameters: JSONValue { ["label": JSONValue(label)] }

  func report(_ result: JSONValue) -> String { "label \(label): its session is withdrawn\n" }
}
