import ArgumentParser
import Endpoint
import Program

struct TaglineEndpoint: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tagline-endpoint",
    abstract: "Makes a Linux host, server or client, a label endpoint of a Tagline appliance.",
    discussion: """
      Exit codes: 0 done; 1 bad input; 2 the environment lacks something (rights, BPF, a device).
      """,
    subcommands: [Attach.self, Detach.self, Show.self])
}

struct Attach: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Attach to a device, or change what an endpoint was told; flows stay.",
    discussion: """
      Sets what labels need (offloads, gso_max_segs, ARP where lo has a virtual address), says so, and \
      saves what was there before. Attach again after the host's addresses have changed.
      """)

  @Argument(help: ArgumentHelp("The Ethernet device.", valueName: "dev"))
  var device: String

  @Option(
    help: ArgumentHelp(
      "Learn labels from these; `any`: from anybody. May be given more than once.",
      valueName: "mac[,mac...]"))
  var appliance: [String]

  @Option(
    help: ArgumentHelp(
      "Put explicit null on packets to here: this host is a client of the services there. May be "
        + "given more than once.",
      valueName: "prefix"))
  var clientPrefix: [String] = []

  func run() throws {
    let configuration = try Configuration(appliances: appliance, clientPrefixes: clientPrefix)
    for line in try Endpoint.attach(device, configuration) {
      StandardStream.output.write(line + "\n")
    }
  }
}

struct Detach: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Detach from a device and put back what was there, also after a crash.")

  @Argument(help: ArgumentHelp("The device.", valueName: "dev"))
  var device: String

  func run() throws {
    for line in try Endpoint.detach(device) { StandardStream.output.write(line + "\n") }
  }
}

struct Show: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show flows, hits, misses and errors.")

  @Argument(help: ArgumentHelp("The device.", valueName: "dev"))
  var device: String

  @Flag(help: "Print one JSON object on one line.")
  var json = false

  @Option(help: ArgumentHelp("Print at most this many flows.", valueName: "number"))
  var limit: UInt32 = 1000

  func run() throws {
    let status = try Status.read(device, limit: Int(limit))
    StandardStream.output.write(json ? status.json.encodedText + "\n" : status.text)
  }
}
