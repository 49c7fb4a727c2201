import Testing

@testable import Pcapng

/// Blocks against bytes laid out by hand after draft-ietf-opsawg-pcapng.
@Suite struct BlockTests {
  /// Hexadecimal digits, blanks ignored.
  static func bytes(_ text: String) -> [UInt8] {
    let digits = text.filter { !$0.isWhitespace }
    return stride(from: 0, to: digits.count, by: 2).map { place in
      let start = digits.index(digits.startIndex, offsetBy: place)
      return UInt8(digits[start...].prefix(2), radix: 16)!
    }
  }

  /// Section 4.1, figure 9.
  @Test func aSectionHeader() {
    var blocks = PcapngBlocks()
    blocks.addSection(application: "Tagline")
    #expect(
      blocks.bytes
        == Self.bytes(
          """
          0a0d0d0a 2c000000 4d3c2b1a 0100 0000 ffffffffffffffff
          0400 0700 5461676c696e65 00  0000 0000  2c000000
          """))
  }

  /// Section 4.2, figure 10.
  @Test func anInterface() {
    var blocks = PcapngBlocks()
    blocks.addInterface(
      PcapngInterface(
        name: "front", description: "net_x", snapLength: 262_144, filter: "tcp",
        macAddress: [2, 0, 0, 0, 0, 1]))
    #expect(
      blocks.bytes
        == Self.bytes(
          """
          01000000 4c000000 0100 0000 00000400
          0200 0500 66726f6e74 000000
          0300 0500 6e65745f78 000000
          0600 0600 020000000001 0000
          0900 0100 09 000000
          0b00 0400 00 746370
          0000 0000 4c000000
          """))
  }

  @Test func anInterfaceWithoutMore() {
    var blocks = PcapngBlocks()
    blocks.addInterface(PcapngInterface(name: "back", snapLength: 96))
    #expect(
      blocks.bytes
        == Self.bytes(
          """
          01000000 28000000 0100 0000 60000000
          0200 0400 6261636b  0900 0100 09 000000  0000 0000  28000000
          """))
  }

  /// Section 4.3, figure 11: data of every length modulo 4.
  @Test(arguments: [
    ("", 0x2c, ""), ("aa", 0x30, "aa000000"), ("aabb", 0x30, "aabb0000"),
    ("aabbcc", 0x30, "aabbcc00"), ("aabbccdd", 0x30, "aabbccdd"),
    ("aabbccddee", 0x34, "aabbccddee000000"),
  ])
  func aPacket(data: String, length: Int, padded: String) {
    let data = Self.bytes(data)
    var blocks = PcapngBlocks()
    blocks.addPacket(
      interface: 3, time: 0x0102_0304_0506_0708, direction: .outbound, length: 1500,
      data: data.span.bytes)
    let total = length < 16 ? "0\(length)" : String(length, radix: 16)
    #expect(
      blocks.bytes
        == Self.bytes(
          """
          06000000 \(total)000000 03000000 04030201 08070605 0\(data.count)000000 dc050000
          \(padded) 0200 0400 02000000 0000 0000 \(total)000000
          """))
    #expect(PcapngBlocks.packetBlockLength(captured: data.count) == length)
  }

  /// Section 4.6, figure 14. Times have their upper word first, numbers their lower.
  @Test func statistics() {
    var blocks = PcapngBlocks()
    blocks.addStatistics(
      interface: 1,
      PcapngStatistics(
        start: 0x1111_1111_2222_2222, end: 0x3333_3333_4444_4444, received: 7,
        accepted: 0x5555_5555_6666_6666, lost: 1))
    #expect(
      blocks.bytes
        == Self.bytes(
          """
          05000000 58000000 01000000 33333333 44444444
          0200 0800 11111111 22222222  0300 0800 33333333 44444444
          0400 0800 0700000000000000  0500 0800 0100000000000000
          0600 0800 6666666655555555  0000 0000 58000000
          """))
    #expect(PcapngBlocks.statisticsBlockLength == 0x58)
  }

  /// A value that the 16 bits of an option's length cannot say.
  @Test func anOptionThatIsTooLongIsLeftOut() {
    var short = PcapngBlocks()
    short.addInterface(PcapngInterface(name: "x", snapLength: 1))
    var long = PcapngBlocks()
    long.addInterface(
      PcapngInterface(
        name: "x", snapLength: 1, filter: String(repeating: "1", count: 65_535)))
    #expect(long.bytes == short.bytes)
  }

  @Test func blocksAreCutAtTheirEnds() {
    var blocks = PcapngBlocks()
    blocks.addSection(application: "Tagline")
    blocks.addInterface(PcapngInterface(name: "back", snapLength: 96))
    for _ in 0..<2 {
      blocks.addPacket(
        interface: 0, time: 0, direction: .inbound, length: 0, data: [UInt8]().span.bytes)
    }
    // 0x2c + 0x28, then twice 0x2c.
    let cases = [
      (0, 0, 0), (0x2b, 0, 0), (0x2c, 0x2c, 0), (0x53, 0x2c, 0), (0x54, 0x54, 0),
      (0x7f, 0x54, 0), (0x80, 0x80, 1), (0xab, 0x80, 1), (0xac, 0xac, 2), (1000, 0xac, 2),
    ]
    for (count, length, packets) in cases {
      let whole = blocks.wholeBlocks(within: count)
      #expect([whole.length, whole.packets] == [length, packets], "\(count)")
    }
    blocks.removeAll()
    #expect(blocks.bytes.isEmpty)
    #expect(blocks.wholeBlocks(within: 1000).length == 0)
  }
}
