import AdminProtocol
import ArgumentParser

/// `server` and what is done to one.
struct ServerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "server", abstract: "Changes a server.", subcommands: [ServerSet.self])
}

struct ServerSet: AdminCommand {
  enum State: String, ExpressibleByArgument, CaseIterable {
    case ready, drain, maint
  }

  static let configuration = CommandConfiguration(
    commandName: "set", abstract: "Sets a server's weight, its state or both.")

  @OptionGroup var connection: ConnectionOptions

  @Argument(
    help: ArgumentHelp(
      "The server, as web/web1; one whose name another has, as web/web1/192.0.2.11.",
      valueName: "service/server"))
  var server: String

  @Option(help: ArgumentHelp("Its share of new sessions; 0 drains.", valueName: "number"))
  var weight: UInt32?

  @Option(
    help: "ready; drain: no new sessions; maint: its sessions are withdrawn too.")
  var state: State?

  func validate() throws {
    let names = server.split(separator: "/", omittingEmptySubsequences: false)
    guard 2...3 ~= names.count, !names.contains("") else {
      throw ValidationError("'\(server)' names no server: write SERVICE/SERVER, as web/web1.")
    }
    guard weight != nil || state != nil else {
      throw ValidationError("Nothing to set: give --weight, --state or both.")
    }
  }

  var method: String { "server.set" }

  var parameters: JSONValue {
    var object = JSONObject([("server", .string(server))])
    if let weight { object.append("weight", JSONValue(weight)) }
    if let state { object.append("state", .string(state.rawValue)) }
    return .object(object)
  }

  func report(_ result: JSONValue) -> String { Report.serverSet(result) }
}
