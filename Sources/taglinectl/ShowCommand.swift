import AdminProtocol
import ArgumentParser

/// `show` and what it shows.
struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Shows one side of the appliance.",
    subcommands: [
      ShowServices.self,
      ShowServers.self,
      ShowSessions.self,
      ShowLabels.self,
      ShowPorts.self,
      ShowWorkers.self,
      ShowCounters.self,
      ShowConfig.self,
      ShowTrace.self,
      ShowCapture.self,
    ])
}

struct ShowServices: AdminCommand {
  static let configuration = CommandConfiguration(
    commandName: "services", abstract: "Services with their servers.")

  @OptionGroup var connection: ConnectionOptions

  var method: String { "show.services" }

  func report(_ result: JSONValue) -> String { Report.services(result) }
}

struct ShowServers: AdminCommand {
  static let configuration = CommandConfiguration(
    commandName: "servers", abstract: "All servers.")

  @OptionGroup var connection: ConnectionOptions

  var method: String { "show.servers" }

  func report(_ result: JSONValue) -> String { Report.servers(result) }
}

struct ShowSessions: AdminCommand {
  static let configuration = CommandConfiguration(
    commandName: "sessions", abstract: "Sessions with their labels.")

  @OptionGroup var connection: ConnectionOptions

  @Option(help: ArgumentHelp("Print at most this many. (default: 1000)", valueName: "number"))
  var limit: UInt32?

  var method: String { "show.sessions" }

  var parameters: JSONValue { limit.map { ["limit": JSONValue($0)] } ?? [:] }

  func report(_ result: JSONValue) -> String { Report.sessions(result) }
}

struct ShowLabels: AdminCommand {
  static let configuration = CommandConfiguration(
    commandName: "labels", abstract: "Label pairs with their line cards and ports.")

  @OptionGroup var connection: ConnectionOptions

  @Option(help: ArgumentHelp("Print at most this many. (default: 1000)", valueName: "number"))
  var limit: UInt32?

  var method: String { "show.labels" }

  var parameters: JSONValue { limit.map { ["limit": JSONValue($0)] } ?? [:] }

  func report(_ result: JSONValue) -> String { Report.labels(result) }
}

struct ShowPorts: AdminCommand {
  static let configuration = CommandConfiguration(
    commandName: "ports", abstract: "Ports with DPDK's statistics.")

  @OptionGroup var connection: ConnectionOptions

  var method: String { "show.ports" }

  func report(_ result: JSONValue) -> String { Report.ports(result) }
}

struct ShowWorkers: AdminCommand {
  static let configuration = CommandConfiguration(
    commandName: "workers", abstract: "Workers with their counters.")

  @OptionGroup var connection: ConnectionOptions

  @Flag(help: "Print the counters that are 0 too.")
  var all = false

  var method: String { "show.workers" }

  func report(_ result: JSONValue) -> String { Report.workers(result, showingAll: all) }
}

struct ShowCounters: AdminCommand {
  static let configuration = CommandConfiguration(
    commandName: "counters", abstract: "Counters, summed over the workers.")

  @OptionGroup var connection: ConnectionOptions

  @Flag(help: "Print the counters that are 0 too.")
  var all = false

  var method: String { "show.counters" }

  func report(_ result: JSONValue) -> String { Report.counters(result, showingAll: all) }
}

struct ShowConfig: AdminCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "The configuration in use.")

  @OptionGroup var connection: ConnectionOptions

  var method: String { "show.config" }

  func report(_ result: JSONValue) -> String { Report.config(result) }
}

struct ShowTrace: AdminCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace", abstract: "Traced packets, as `trace show`.")

  @OptionGroup var connection: ConnectionOptions

  var method: String { "trace.show" }

  func report(_ result: JSONValue) -> String { Report.trace(result) }
}

struct ShowCapture: AdminCommand {
  static let configuration = CommandConfiguration(
    commandName: "capture", abstract: "The packet capture, as `capture show`.")

  @OptionGroup var connection: ConnectionOptions

  var method: String { "capture.show" }

  func report(_ result: JSONValue) -> String { Report.capture(result) }
}
