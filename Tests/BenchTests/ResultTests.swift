import AdminProtocol
import Testing

@testable import Bench

struct StatisticsTests {
  @Test(arguments: [
    ([3.0], 3.0, 3.0, 0.0),
    ([5, 1, 3], 1, 3, 4),
    ([4, 1, 3, 2], 1, 2.5, 3),
  ])
  func minimumMedianSpread(
    _ values: [Double], _ minimum: Double, _ median: Double, _ spread: Double
  ) {
    let statistics = Statistics(values)
    #expect(statistics?.minimum == minimum)
    #expect(statistics?.median == median)
    #expect(statistics?.spread == spread)
  }

  @Test func nothingOfNothing() { #expect(Statistics([]) == nil) }
}

struct CaseResultTests {
  @Test func lineHasTheKeysOfTheContract() throws {
    let worker = try #require(Statistics([12, 10, 11.00049]))
    let yardstick = try #require(Statistics([5, 4, 6]))
    let result = CaseResult(
      BenchmarkCase("switch", .ring, 1000), worker: worker, yardstick: yardstick,
      extra: [("lost", 0)])
    #expect(
      result.json.encodedText == """
        {"case":"switch","device":"ring","n":1000,"ns_min":10.0,"ns_median":11.0,"ns_spread":2.0,\
        "macswap_ns_min":4.0,"macswap_ns_median":5.0,"macswap_ns_spread":2.0,"ratio":2.2,"net":6.0,\
        "lost":0}
        """)
  }

  @Test func withoutYardstickThereIsNoRatio() throws {
    let worker = try #require(Statistics([12]))
    let json = CaseResult(BenchmarkCase("x", .pcap, 1), worker: worker, yardstick: nil).json
    #expect(json["ratio"]?.isNull == true)
    #expect(json["macswap_ns_median"]?.isNull == true)
  }

  @Test func recordIsOneObject() throws {
    let text = Record.text([("date", "2026-01-02T03:04:05Z")], [["case": "a"], ["case": "b"]])
    let record = try JSONValue(parsing: text)
    #expect(record["date"]?.stringValue == "2026-01-02T03:04:05Z")
    #expect(record["results"]?.arrayValue?.compactMap { $0["case"]?.stringValue } == ["a", "b"])
  }
}

struct ForeignOutputTests {
  @Test func testpmdsPackets() {
    let text = """
        ---------------------- Forward statistics for port 0  ----------------------
        RX-packets: 3904           RX-dropped: 0             RX-total: 3904
        TX-packets: 4416           TX-dropped: 0             TX-total: 4416
      """
    #expect(Testpmd.receivedPackets(text) == 3904)
    #expect(Testpmd.receivedPackets("nothing") == nil)
  }

  @Test func callgrindsTotal() {
    #expect(Instructions.total("events: Ir\nfn=(1)\n1 5\n\ntotals: 21474916\n") == 21_474_916)
    #expect(Instructions.total("events: Ir\n") == nil)
  }
}
