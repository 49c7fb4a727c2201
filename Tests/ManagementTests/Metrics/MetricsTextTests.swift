import Testing

@testable import Management

/// What is expected is written by the rules of Prometheus's text format 0.0.4.
@Suite struct MetricsTextTests {
  @Test func families() {
    var text = MetricsText()
    text.family("tagline_packets_total", .counter, "Packets.")
    text.sample(UInt64.max)
    text.family("tagline_labels", .gauge, "Pairs.")
    text.sample(["state": "free"], 3)
    text.sample(["state": "live"], 0)
    text.family("tagline_time_seconds", .gauge, "Time.")
    text.sample(["a": "1", "b": "2"], .microseconds(1500))
    text.sample(0.5)
    #expect(
      String(buffer: text.buffer) == """
        # HELP tagline_packets_total Packets.
        # TYPE tagline_packets_total counter
        tagline_packets_total 18446744073709551615
        # HELP tagline_labels Pairs.
        # TYPE tagline_labels gauge
        tagline_labels{state="free"} 3
        tagline_labels{state="live"} 0
        # HELP tagline_time_seconds Time.
        # TYPE tagline_time_seconds gauge
        tagline_time_seconds{a="1",b="2"} 0.0015
        tagline_time_seconds 0.5

        """)
  }

  @Test func aFamilyWithoutSamplesIsLeftOut() {
    var text = MetricsText()
    text.family("tagline_none", .gauge, "None.")
    text.family("tagline_one", .gauge, "One.")
    text.sample(1)
    #expect(
      String(buffer: text.buffer)
        == "# HELP tagline_one One.\n# TYPE tagline_one gauge\ntagline_one 1\n")
  }

  /// Backslash, double quote and line feed in label values; backslash and line feed in HELP.
  @Test func escapes() {
    var text = MetricsText()
    text.family("m", .gauge, "a\\b\nc \"d\" é")
    text.sample(["l": "a\\b\n\"c\" é {},="], 1)
    #expect(
      String(buffer: text.buffer) == #"""
        # HELP m a\\b\nc "d" é
        # TYPE m gauge
        m{l="a\\b\n\"c\" é {},="} 1

        """#)
  }

  /// A counter that was added without an entry of its own is offered all the same.
  @Test func countersWithoutAnEntry() throws {
    #expect(CounterMetric(counter: "rx.packets")?.name == "tagline_packets_received_total")
    #expect(CounterMetric(counter: "new.thing")?.name == "tagline_new_thing_total")
    let time = try #require(CounterMetric(counter: "new.wait_ns"))
    #expect(time.name == "tagline_new_wait_seconds_total" && time.isTime)
  }
}
