import AdminProtocol
import ArgumentParser

/// `trace` and its two halves.
struct TraceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace", abstract: "Follows packets on their way through the appliance.",
    subcommands: [TraceStart.self, TraceShow.self])
}

struct TraceStart: AdminCommand {
  static let configuration = CommandConfiguration(
    commandName: "start", abstract: "Traces the next packets that match a filter.")

  @OptionGroup var connection: ConnectionOptions

  @Argument(
    help: "A filter as tcpdump takes it (pcap-filter(7)): tcp port 80. Without one, any packet.")
  var filter: [String] = []

  @Option(help: ArgumentHelp("How many packets to trace.", valueName: "number"))
  var count: UInt32?

  var method: String { "trace.start" }

  var parameters: JSONValue {
    var object = JSONObject()
    if !filter.isEmpty { object.append("filter", .string(filter.joined(separator: " "))) }
    if let count { object.append("count", JSONValue(count)) }
    return .object(object)
  }

  func report(_ result: JSONValue) -> String {
    "tracing; see the packets with: taglinectl trace show\n"
  }
}

struct TraceShow: AdminCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Shows the traced packets, step by step.")

  @OptionGroup var connection: ConnectionOptions

  var method: String { "trace.show" }

  func report(_ result: JSONValue) -> String { Report.trace(result) }
}
