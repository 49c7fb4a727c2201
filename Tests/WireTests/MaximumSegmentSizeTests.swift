import TestSupport
import Testing

@testable import Wire

@Suite struct MaximumSegmentSizeTests {
  /// Both sides by scapy 2.5.0.
  @Test(
    arguments: [
      (Recorded.syn4, Recorded.syn4Of1400), (Recorded.oddSYN4, Recorded.oddSYN4Of1400),
    ])
  func recorded(before: [UInt8], after: [UInt8]) {
    let length = Int(before[32] >> 4) * 4
    let changed = changing([UInt8](before[20...])) {
      #expect(MaximumSegmentSize.clamp($0, headerLength: length, limit: 1400))
    }
    #expect(changed == [UInt8](after[20...]))
    // Nothing is left to lower.
    let again = changing(changed) {
      #expect(!MaximumSegmentSize.clamp($0, headerLength: length, limit: 1400))
    }
    #expect(again == changed)
  }

  /// Options; whether 1400 lowers them.
  @Test(
    arguments: [
      ("020405b4", true), ("0101 0204 05b4 0100", true), ("01 020405b4 010101", true),
      ("0402 020405b4 0000", true), ("080a 0000000100000002 020405b4 0000", true),
      ("fd04abcd 020405b4", true), ("0204ffff", true), ("02040579", true),
      // As small or smaller.
      ("02040578", false), ("02040000", false), ("020401f4", false),
      // None, or behind the end of the list.
      ("", false), ("01010101", false), ("00000000 020405b4", false),
      ("01000000 020405b4", false),
      // Of a wrong length, or cut short.
      ("020305b4", false), ("020505b4 00000000", false), ("020005b4", false), ("01010102", false),
      ("01010204", false), ("01020405", false),
      // Behind an option whose length cannot be.
      ("0800 0101 020405b4", false), ("0801 0101 020405b4", false), ("08ff 0101 020405b4", false),
      ("01010108", false),
    ])
  func options(text: String, lowers: Bool) {
    for payload in [[], [1, 2, 3]] as [[UInt8]] {
      var segment = tcp(flags: 2, options: hex(text), payload: payload)
      let pseudo: UInt16 = 0x1234
      segment.replaceSubrange(16..<18, with: (~plainSum(segment, initial: pseudo)).networkBytes)
      let length = 20 + hex(text).count
      let changed = changing(segment) {
        #expect(MaximumSegmentSize.clamp($0, headerLength: length, limit: 1400) == lowers)
      }
      #expect(plainSum(changed, initial: pseudo) == 0xffff)
      guard lowers else {
        #expect(changed == segment)
        continue
      }
      // Only the checksum and the two bytes of the option's value change.
      let differing = changed.indices.filter { changed[$0] != segment[$0] }
      let value = differing.filter { $0 >= 20 }
      #expect(differing.allSatisfy { $0 == 16 || $0 == 17 || $0 >= 20 })
      #expect(!value.isEmpty && value.count <= 2)
      let found = (20..<length - 3).first { Array(changed[$0..<$0 + 4]) == [2, 4, 0x05, 0x78] }
      #expect(found != nil)
    }
  }

  /// Whatever the options are, nothing past them is touched and the checksum stays right.
  @Test func spoiledOptions() {
    var generator = SplitMix(state: 879)
    let likely: [UInt8] = [0, 1, 2, 3, 4, 5, 8, 10, 0xff]
    for round in 0..<20_000 {
      let options = (0..<4 * (1 + round % 10)).map { _ in
        generator.below(8) == 0
          ? UInt8(generator.below(256)) : likely[Int(generator.below(UInt32(likely.count)))]
      }
      var segment = tcp(options: options)
      segment.replaceSubrange(16..<18, with: (~plainSum(segment)).networkBytes)
      let limit = UInt16(generator.below(1500))
      var lowered = false
      let changed = changing(segment) {
        lowered = MaximumSegmentSize.clamp($0, headerLength: segment.count, limit: limit)
      }
      #expect(plainSum(changed) == 0xffff)
      #expect(lowered == (changed != segment))
    }
  }

  @Test func everyLimit() {
    for limit in stride(from: 0, to: 1460, by: 7) {
      for packet in [Recorded.syn4, Recorded.oddSYN4] {
        let headerLength = Int(packet[32] >> 4) * 4
        let changed = changing(packet) {
          MaximumSegmentSize.clamp($0 + 20, headerLength: headerLength, limit: UInt16(limit))
        }
        #expect(transportSum(changed, offset: 20, protocolNumber: 6) == 0xffff)
      }
    }
  }
}
