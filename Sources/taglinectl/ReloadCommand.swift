import AdminProtocol
import ArgumentParser
import Glibc

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

  private func absolutePath(_ path: String) -> String {
    guard !path.hasPrefix("/"), let directory = unsafe getcwd(nil, 0) else { return path }
    defer { unsafe free(directory) }
    return unsafe String(cString: directory) + "/" + path
  }
}
