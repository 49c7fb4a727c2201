import BenchRig
import Testing

/// Frames against the same ones made by scapy 2.5.
struct FrameWriterTests {
  private func frame(_ kind: FrameKind, flow: UInt32) -> String {
    let writer = FrameWriter(kind)
    var bytes = [UInt8](repeating: 0, count: 2048)
    bytes.withUnsafeMutableBytes { writer.write(flow, to: $0.baseAddress!) }
    return bytes[..<writer.length].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private let blanks = String(repeating: "0", count: 128)

  private func padded(_ text: String) -> String { text + blanks.dropLast(text.count) }

  @Test func datagramToServer() {
    #expect(
      frame(FrameKind(.toServer), flow: 5)
        == padded(
          "0200000000010200000000fe0800" + "4500003200000000401134ac0a000005cb00710a"
            + "04050035001e0000"))
  }

  @Test func labelledDatagramToClient() {
    #expect(
      frame(FrameKind(.toClient, isLabelled: true), flow: 74_565)
        == padded(
          "0200000000010200000001058847" + "2469c140" + "4500002e000000004011116fcb00710a0a012345"
            + "00352d45001a0000"))
  }

  @Test func datagramOfIPv6() {
    #expect(
      frame(FrameKind(.toServer, isIPv6: true), flow: 7)
        == padded(
          "0200000000010200000000fe86dd" + "60000000000a1140"
            + "20010db8000100000000000000000007" + "20010db8000000000000000000000010"
            + "04070035000a0000"))
  }

  @Test func synchronise() {
    #expect(
      frame(FrameKind(.toServer, isSYN: true), flow: 9)
        == padded(
          "0200000000010200000000fe0800" + "4500003200000000400634b30a000009cb00710a"
            + "0409005000000000000000005002ffff00000000"))
  }

  @Test func longFramesSayTheirLength() {
    let text = frame(FrameKind(.toServer, length: 1514), flow: 0)
    #expect(text.utf8.count == 2 * 1514)
    // 1,500 bytes of IP, 1,480 of UDP.
    #expect(text.dropFirst(32).prefix(4) == "05dc")
    #expect(text.dropFirst(2 * 38).prefix(4) == "05c8")
  }
}
