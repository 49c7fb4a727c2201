import ArgumentParser
import Foundation
import Program
import Simulation
import Snapshots

@main
struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tagline-simulate",
    abstract: "What the balancing algorithms make of a pool of unequal servers.",
    subcommands: [Algorithms.self, Maglev.self], defaultSubcommand: Algorithms.self)

  static func main() { runProgram() }
}

struct Algorithms: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Session times and loads of each algorithm, for the same offered load.")

  @Option(help: "Of all random numbers; the same seed gives the same table.")
  var seed: UInt64 = 1

  @Option(help: "Offered load, as a part of what the servers can do.")
  var load = 0.7

  @Option(help: "Servers, at least 4.")
  var servers = 16

  @Option(help: "Simulated seconds.")
  var seconds = 60.0

  @Option(help: "Workers of the appliance.")
  var workers = 2

  @Flag(help: "Print CSV instead of a table.")
  var csv = false

  func validate() throws {
    guard load > 0, load <= 2 else {
      throw ValidationError("--load is \(load); expected above 0, to 2")
    }
    guard servers >= 4, servers <= 1000 else {
      throw ValidationError("--servers is \(servers); expected 4 to 1000")
    }
    guard seconds >= 1, seconds <= 3600 else {
      throw ValidationError("--seconds is \(seconds); expected 1 to 3600")
    }
    guard workers >= 1, workers <= 64 else {
      throw ValidationError("--workers is \(workers); expected 1 to 64")
    }
  }

  func run() {
    var scenario = Scenario.mixed(servers: servers, seconds: seconds)
    scenario.load = load
    scenario.workers = workers
    scenario.seed = seed
    let outcomes = Algorithm.allCases.map { Simulation.run(scenario, $0) }
    print(csv ? OutcomeTable.csv(outcomes) : OutcomeTable.markdown(outcomes), terminator: "")
  }
}

struct Maglev: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "How even Maglev's shares stay, and how little else moves, as servers come and go.")

  @Option(help: "Of all random numbers.")
  var seed: UInt64 = 1

  @Option(help: "Sequences of servers that come or go, each one change of the table.")
  var sequences = 10_000

  @Option(help: "Servers that come or go in a sequence, at most; 1 at least.")
  var longest = 8

  @Option(help: "Servers at most; half as many at least.")
  var servers = 32

  func validate() throws {
    guard sequences >= 1 else {
      throw ValidationError("--sequences is \(sequences); expected 1 or more")
    }
    guard longest >= 1 else {
      throw ValidationError("--longest is \(longest); expected 1 or more")
    }
    guard servers >= 4, servers <= 655 else {
      throw ValidationError("--servers is \(servers); expected 4 to 655, a hundredth of the table")
    }
  }

  func run() {
    let trial = MaglevTrial.run(
      sequences: sequences, lengths: 1...longest, size: MaglevTrial.standardSize,
      servers: servers / 2...servers, seed: seed)
    print(
      "sequences,changes,share_error_entries,share_error_percent,mean_disruption_percent,"
        + "greatest_disruption_percent")
    let percents = [
      trial.greatestShareDifference, trial.meanDisruption, trial.greatestDisruption,
    ].map { String(format: "%.3f", $0 * 100) }.joined(separator: ",")
    print("\(trial.sequences),\(trial.changes),\(trial.greatestShareError),\(percents)")
  }
}
