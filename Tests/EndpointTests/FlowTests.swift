import AdminProtocol
import CBPFShim
import Testing
import Wire

@testable import Endpoint

@Suite struct FlowTests {
  /// The words that loading the bytes of the frame gives, written out for a little-endian machine.
  private static func key() -> endpoint_flow_key {
    endpoint_flow_key(
      local: endpoint_address(high: 0, low: 0x0a71_00cb_ffff_0000),
      remote: endpoint_address(high: 0, low: 0x0764_33c6_ffff_0000),
      local_port: 0x5000, remote_port: 0x409c, protocol: 6, family: 4, zero: 0)
  }

  private static func flow(entries: UInt32) -> endpoint_flow {
    endpoint_flow(
      mac: 0x0100_0000_0002, used_ns: 1_000_000_000, stack: (18 << 12 | 0x100, 7, 8),
      entries: entries)
  }

  @Test func keysAndValuesAreRead() {
    let flow = Flow(FlowTests.key(), FlowTests.flow(entries: 1), now: 3_500_000_000)
    #expect(
      flow.json.encodedText == #"{"protocol":"tcp","local":"203.0.113.10","local_port":80,"#
        + #""remote":"198.51.100.7","remote_port":40000,"label":18,"entries_below":[],"#
        + #""appliance":"02:00:00:00:00:01","idle_s":2.5}"#)
  }

  @Test(arguments: [(1, []), (2, [7]), (3, [7, 8])] as [(UInt32, [UInt32])])
  func entriesBelow(_ entries: UInt32, _ below: [UInt32]) {
    #expect(Flow(FlowTests.key(), FlowTests.flow(entries: entries), now: 0).entriesBelow == below)
  }

  /// A packet may come between reading the clock and reading the flow.
  @Test func idleTimeIsNeverNegative() {
    #expect(Flow(FlowTests.key(), FlowTests.flow(entries: 1), now: 0).idleNanoseconds == 0)
  }
}
