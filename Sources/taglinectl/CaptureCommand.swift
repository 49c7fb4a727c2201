import AdminProtocol
import ArgumentParser
import Glibc

/// `capture` and what is done with one.
struct CaptureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "capture", abstract: "Captures packets of the ports to a file (pcapng).",
    subcommands: [CaptureStart.self, CaptureStop.self, CaptureShow.self])
}

struct CaptureStart: AdminCommand {
  enum Direction: String, ExpressibleByArgument, CaseIterable {
    case inbound = "in"
    case outbound = "out"
    case both
  }

  static let configuration = CommandConfiguration(
    commandName: "start",
    abstract: "Starts to capture the packets that match a filter.",
    discussion: """
      Wireshark, tshark and tcpdump read the file, also while it grows. With a FIFO they do so live:
      mkfifo p; taglinectl capture start --file p; tcpdump -r p
      """)

  @OptionGroup var connection: ConnectionOptions

  @Option(
    help: ArgumentHelp("A file that is not there yet, or a FIFO that is.", valueName: "path"))
  var file: String

  @Argument(
    help: "A filter as tcpdump takes it (pcap-filter(7)): tcp port 80. Without one, any packet.")
  var filter: [String] = []

  @Option(
    name: .customLong("port"),
    help: ArgumentHelp("A port to capture; may be given again. (default: all)", valueName: "name"))
  var ports: [String] = []

  @Option(help: "in, out or both: received packets, sent ones. (default: both)")
  var direction: Direction?

  @Option(
    help: ArgumentHelp("Bytes to keep of a packet. (default: 262144)", valueName: "bytes"))
  var snapLength: UInt32?

  @Option(help: ArgumentHelp("End after so many packets.", valueName: "number"))
  var packets: UInt64?

  @Option(help: ArgumentHelp("End after so many seconds. (default: 600)", valueName: "number"))
  var seconds: UInt32?

  @Option(
    help: ArgumentHelp(
      "End before the file has more bytes. (default: 1073741824)", valueName: "number"))
  var bytes: UInt64?

  var method: String { "capture.start" }

  var parameters: JSONValue {
    var object = JSONObject([("file", .string(absolutePath(file)))])
    if !filter.isEmpty { object.append("filter", .string(filter.joined(separator: " "))) }
    if !ports.isEmpty { object.append("ports", .array(ports.map(JSONValue.string))) }
    if let direction { object.append("direction", .string(direction.rawValue)) }
    if let snapLength { object.append("snap_length", JSONValue(snapLength)) }
    if let packets { object.append("packets", JSONValue(packets)) }
    if let seconds { object.append("seconds", JSONValue(seconds)) }
    if let bytes { object.append("bytes", JSONValue(bytes)) }
    return .object(object)
  }

  func report(_ result: JSONValue) -> String { Report.captureStart(result) }
}

struct CaptureStop: AdminCommand {
  static let configuration = CommandConfiguration(
    commandName: "stop", abstract: "Ends the capture, and waits until its file is complete.")

  @OptionGroup var connection: ConnectionOptions

  var method: String { "capture.stop" }

  /// Asks until the file is complete, at most 10 s.
  func answer() throws -> JSONValue {
    let client = AdminClient(path: connection.socketPath)
    var shown = try client.call(method, parameters)
    for _ in 0..<1000 where shown["running"]?.boolValue == true {
      usleep(10_000)
      shown = try client.call("capture.show", [:])
    }
    return shown
  }

  func report(_ result: JSONValue) -> String { Report.capture(result) }
}

struct CaptureShow: AdminCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Shows the capture that runs, or the last one.")

  @OptionGroup var connection: ConnectionOptions

  var method: String { "capture.show" }

  func report(_ result: JSONValue) -> String { Report.capture(result) }
}
