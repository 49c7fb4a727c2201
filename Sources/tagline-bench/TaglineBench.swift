import ArgumentParser
import Bench
import BenchRig
import Program

@main
struct TaglineBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tagline-bench",
    abstract: "Measures the worker's processor time a packet, beside testpmd's macswap.")

  @Argument(help: "Cases; new means all its variants. Default: all.")
  var names: [String] = []

  @Flag(help: "List the cases.")
  var list = false

  @Flag(help: "Print one JSON object a line.")
  var json = false

  @Option(help: "ring (prepared packets in memory), pcap (a capture replayed for ever) or all.")
  var device = "all"

  @Option(name: .customLong("n"), help: "Only the cases of this number of sessions.")
  var size: Int?

  @Option(help: "Rounds of each case.")
  var rounds = 11

  @Option(help: "Packets of a round.")
  var packets = 1_000_000

  @Option(help: "auto, none or required.")
  var hugepages = "auto"

  @Option(help: "Write the results to this file, with machine, date and commit.")
  var record: String?

  @Flag(help: "Count instructions a packet by callgrind in place of measuring time.")
  var instructions = false

  @Option(help: .hidden)
  var runCase: String?

  @Flag(help: .hidden)
  var counting = false

  static func main() { runProgram() }

  func validate() throws {
    if device != "all" && BenchmarkCase.Device(rawValue: device) == nil {
      throw ValidationError("--device is \(device); expected ring, pcap or all")
    }
    if !["auto", "none", "required"].contains(hugepages) {
      throw ValidationError("--hugepages is \(hugepages); expected auto, none or required")
    }
    if !(1...1000).contains(rounds) {
      throw ValidationError("--rounds is \(rounds); expected 1 to 1000")
    }
    if !(512...100_000_000).contains(packets) {
      throw ValidationError("--packets is \(packets); expected 512 to 100000000")
    }
    if instructions && record != nil {
      throw ValidationError("--record holds times; leave out --instructions")
    }
  }

  func run() throws {
    Interruption.watch()
    if let runCase { return try runChild(runCase) }
    let cases = try Catalogue.select(
      names, device: BenchmarkCase.Device(rawValue: device), size: size)
    if list { return Listing.print(cases) }
    if instructions { return try countInstructions() }
    var run = BenchRun()
    run.rounds = rounds
    run.packets = packets
    run.hugePages = hugepages
    run.printsJSON = json
    run.record = record
    try run.run(cases)
  }

  private func countInstructions() throws {
    let chosen = Instructions.cases.filter { names.isEmpty || names.contains($0.name) }
    guard !chosen.isEmpty else {
      throw BenchFailure(
        "instructions are counted of \(Instructions.cases.map(\.name).joined(separator: ", "))",
        code: 1)
    }
    for benchmarkCase in chosen {
      print(try Instructions.count(benchmarkCase).encodedText)
    }
  }

  private func runChild(_ path: String) throws {
    guard let benchmarkCase = BenchmarkCase(path: path) else {
      throw ValidationError("--run-case is \(path); expected NAME/DEVICE/N")
    }
    var options = CaseChild.Options()
    options.rounds = rounds
    options.packets = packets
    options.hugePages = hugepages
    options.isCounting = counting
    do {
      print(try CaseChild.run(benchmarkCase, options).encodedText)
    } catch {
      // The parent reads it.
      print(error.description)
      throw ExitCode(error.code)
    }
  }
}

extension BenchFailure: ProgramFailure {
  public var text: String { description + "\n" }
  public var exitCode: Int32 { code }
}
