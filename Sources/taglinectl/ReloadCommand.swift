import AdminProtocol
import ArgumentParser

struct ReloadCommand: AdminCommand {
  static let configuration = CommandConfiguration(
    commandName: "reload",
    abstract: "Makes the appliance read its configuration again; all of it counts, or nothing.")

  @OptionGroup var connection: ConnectionOptions

  @Option(
    help: ArgumentHelp("Read this file instead of the one it started with.", valueName: "file"))
  var config: String?

  var method: String { "reload" }

  /// The appliance has a working directory of its own, so the path goes out absolute.
  var parameters: JSONValue {
    guard let config else { return [:] }
    return ["config": .string(absolutePath(config))]
  }

  func report(_ result: JSONValue) -> String { Report.reload(result) }
}
