import Bench
import Testing

@testable import BenchRig

struct CatalogueTests {
  @Test func withoutNamesAllRun() throws {
    #expect(try Catalogue.select([]) == Catalogue.cases)
    #expect(Set(Catalogue.cases).count == Catalogue.cases.count)
  }

  @Test func aNameMeansItselfAlone() throws {
    #expect(
      try Catalogue.select(["switch"], device: .ring).map(\.path)
        == ["switch/ring/1000", "switch/ring/100000", "switch/ring/524000"])
  }

  @Test func aFamilyMeansItsVariants() throws {
    let names = try Catalogue.select(["new"]).map(\.name)
    #expect(
      names == [
        "new.rr", "new.wrr", "new.lc", "new.wlc", "new.rt", "new.p2c", "new.maglev",
        "new.syn-flood",
      ])
  }

  @Test func sizesAndDevicesSelect() throws {
    #expect(
      try Catalogue.select(["session"], device: .pcap, size: 1000).map(\.path)
        == ["session/pcap/1000"])
    #expect(throws: BenchFailure.self) { try Catalogue.select(["switch"], size: 7) }
  }

  @Test(arguments: [
    ("swich", "did you mean switch?"), ("maglev", "did you mean new.maglev?"),
    ("sesion.ipv6", "did you mean session.ipv6?"), ("qqqqqq", "--list"),
  ])
  func unknownNamesHint(_ name: String, _ hint: String) {
    do throws(BenchFailure) {
      _ = try Catalogue.select([name])
      Issue.record("\(name) is no case")
    } catch {
      #expect(error.code == 1)
      #expect(error.description.contains(name) && error.description.contains(hint))
    }
  }

  @Test(arguments: Catalogue.cases)
  func everyCaseHasAPathAndASummary(_ benchmarkCase: BenchmarkCase) {
    #expect(BenchmarkCase(path: benchmarkCase.path) == benchmarkCase)
    #expect(!Catalogue.summary(benchmarkCase.name).isEmpty)
  }

  @Test(arguments: ["", "switch", "switch/disk/1", "switch/ring/x"])
  func noPath(_ text: String) { #expect(BenchmarkCase(path: text) == nil) }

  /// What each case configures is a configuration.
  @Test(
    arguments: Catalogue.cases.filter {
      !["start", "macswap"].contains($0.name) && !$0.name.hasPrefix("workers.")
    })
  func everyScenarioIsConfigured(_ benchmarkCase: BenchmarkCase) throws {
    let devices =
      benchmarkCase.name == "switch.guard-port" ? ["net_ring0", "net_ring1"] : ["net_ring0"]
    let scenario = try Scenario(benchmarkCase.name, n: benchmarkCase.n, devices: devices)
    let configuration = try Rig.read(scenario.setup)
    #expect(configuration.ports.count == devices.count)
    #expect(configuration.sessionsPerWorker >= benchmarkCase.n)
    #expect(configuration.services.count == (benchmarkCase.name == "mix.reload" ? 1003 : 3))
  }
}
