import AdminProtocol
import ArgumentParser

struct StatusCommand: AdminCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Version, uptime, sessions and labels at a glance.")

  @OptionGroup var connection: ConnectionOptions

  var method: String { "status" }

  func report(_ result: JSONValue) -> String { Report.status(result) }
}
