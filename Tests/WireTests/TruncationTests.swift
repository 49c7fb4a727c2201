import TestSupport
import Testing

@testable import Wire

/// Every packet lies at the end of what may be read, whole, cut, and with its rest in a further
/// buffer.
@Suite struct TruncationTests {
  struct Sample: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    /// Bytes that must lie in the first buffer: all headers.
    var headers: Int
    var testDescription: String { name }
  }

  static let samples = [
    Sample(name: "IPv4, TCP", bytes: Recorded.tcp4, headers: 40),
    Sample(name: "IPv4, TCP options", bytes: Recorded.syn4, headers: 60),
    Sample(name: "IPv4 options, UDP", bytes: Recorded.options4, headers: 36),
    Sample(name: "IPv4, first fragment", bytes: Recorded.fragments4[0], headers: 28),
    Sample(name: "IPv4, later fragment", bytes: Recorded.fragments4[1], headers: 20),
    Sample(
      name: "IPv4, echo", bytes: ipv4(icmp(type: 8, body: [1, 2]), protocolNumber: 1), headers: 28),
    Sample(name: "IPv4, error", bytes: Recorded.unreachable4, headers: 56),
    Sample(name: "IPv6, TCP", bytes: Recorded.tcp6, headers: 60),
    Sample(
      name: "IPv6, TCP options",
      bytes: ipv6(tcp(options: [UInt8](repeating: 1, count: 40), payload: [1]), next: 6),
      headers: 100),
    Sample(name: "IPv6, extensions", bytes: Recorded.chain6, headers: 112),
    Sample(
      name: "IPv6, authentication",
      bytes: ipv6(Extension.authentication(next: 17, field: 4) + udp(), next: 51), headers: 72),
    Sample(name: "IPv6, first fragment", bytes: Recorded.fragments6[0], headers: 56),
    Sample(name: "IPv6, later fragment", bytes: Recorded.fragments6[1], headers: 48),
    Sample(name: "IPv6, echo", bytes: Recorded.echo6, headers: 48),
    // 40 + 8 of error, 40 + 8 of quoted headers, 4 of ports.
    Sample(name: "IPv6, error", bytes: Recorded.tooBig6, headers: 100),
  ]

  @Test(arguments: samples)
  func cutAtEveryByte(sample: Sample) {
    let memory = PageEnd(capacity: sample.bytes.count)
    #expect(Reading(sample.bytes, in: memory).isAccepted)
    let header = sample.bytes[0] >> 4 == 4 ? 20 : 40
    let options = sample.bytes[0] >> 4 == 4 ? Int(sample.bytes[0] & 15) * 4 : 40
    for count in 0..<sample.bytes.count {
      let reason: DropReason =
        count < header ? .ipShort : count < options ? .ipHeaderLength : .ipTotalLength
      let reading = Reading(sample.bytes[..<count], in: memory)
      #expect(reading.reason == reason, "cut to \(count)")
    }
  }

  /// The lengths say that what was cut off is not there: each field and header is missed where it
  /// is, never read.
  @Test(arguments: samples)
  func cutWithLengthsAdjusted(sample: Sample) {
    let memory = PageEnd(capacity: sample.bytes.count)
    let isIPv4 = sample.bytes[0] >> 4 == 4
    let first = isIPv4 ? Int(sample.bytes[0] & 15) * 4 : 40
    for count in first..<sample.headers {
      var cut = [UInt8](sample.bytes[..<count])
      let length = UInt16(isIPv4 ? count : count - 40).networkBytes
      cut.replaceSubrange(isIPv4 ? 2..<4 : 4..<6, with: length)
      if isIPv4 {
        cut.replaceSubrange(10..<12, with: [0, 0])
        cut.replaceSubrange(10..<12, with: (~plainSum(cut[..<first])).networkBytes)
      }
      #expect(Reading(cut, in: memory).reason != nil, "cut to \(count)")
    }
  }

  @Test(arguments: samples)
  func restInFurtherBuffers(sample: Sample) {
    let memory = PageEnd(capacity: sample.bytes.count)
    let whole = Reading(sample.bytes, in: memory).packet
    for count in 0..<sample.bytes.count {
      let reading = Reading(sample.bytes[..<count], total: sample.bytes.count, in: memory)
      guard count >= sample.headers else {
        #expect(reading.reason == .chain, "first buffer of \(count)")
        continue
      }
      #expect(reading.isAccepted, "first buffer of \(count)")
      #expect(reading.packet.source == whole.source)
      #expect(reading.packet.destination == whole.destination)
      #expect(reading.packet.ports == whole.ports)
      #expect(reading.packet.traits == whole.traits)
      #expect(reading.packet.ipLength == whole.ipLength)
      #expect(reading.packet.tcpPayloadLength == whole.tcpPayloadLength)
    }
  }

  /// A frame that is short of a header is short, not chained, if further buffers do not hold it
  /// either.
  @Test func shortWithFurtherBuffers() {
    #expect(Reading(Recorded.tcp4[..<10], total: 19).reason == .ipShort)
    #expect(Reading(Recorded.tcp4[..<10], total: 20).reason == .chain)
    #expect(Reading(Recorded.tcp6[..<10], total: 39).reason == .ipShort)
    #expect(Reading(Recorded.tcp6[..<10], total: 40).reason == .chain)
    #expect(Reading([], total: 0).reason == .ipShort)
    #expect(Reading([], total: 60).reason == .chain)
    let short = ipv4([UInt8](tcp()[..<10]), protocolNumber: 6)
    #expect(Reading(short[..<25], total: 60).reason == .transportShort)
    // The header length points into a further buffer, or past all of them.
    #expect(Reading(Recorded.options4[..<24], total: 41).reason == .chain)
    #expect(Reading(Recorded.options4[..<24], total: 27).reason == .ipHeaderLength)
    // An extension header longer than the packet is not a matter of buffers.
    let long = ipv6([17, 9, 0, 0, 0, 0, 0, 0], next: 60)
    #expect(Reading(long, total: 400).reason == .ipExtension)
    let split = ipv6(Extension.options(next: 17, units: 9) + udp(), next: 60)
    #expect(Reading(split[..<100], total: split.count).reason == .chain)
  }

  /// Spoiled packets are refused for a reason or read within their bounds.
  @Test func spoiled() {
    var generator = SplitMix(state: 0x7a61)
    let memory = PageEnd(capacity: 1500)
    for _ in 0..<40_000 {
      var bytes = Self.samples.randomElement(using: &generator)!.bytes
      bytes = [UInt8](bytes[..<min(bytes.count, 160)])
      for _ in 0...generator.below(4) {
        bytes[Int(generator.below(UInt32(bytes.count)))] = UInt8(generator.below(256))
      }
      let options = Int(bytes[0] & 15) * 4
      if bytes[0] >> 4 == 4 && (20...bytes.count).contains(options) {
        if generator.below(4) != 0 {
          bytes.replaceSubrange(2..<4, with: UInt16(bytes.count).networkBytes)
        }
        bytes.replaceSubrange(10..<12, with: [0, 0])
        bytes.replaceSubrange(10..<12, with: (~plainSum(bytes[..<options])).networkBytes)
      } else if bytes[0] >> 4 == 6 && bytes.count >= 40 && generator.below(4) != 0 {
        bytes.replaceSubrange(4..<6, with: UInt16(bytes.count - 40).networkBytes)
      }
      let total = bytes.count + Int(generator.below(2)) * 64
      let reading = Reading(bytes, total: total, in: memory)
      if !reading.isAccepted {
        #expect(reading.reason != nil)
        continue
      }
      #expect(Int(reading.packet.ipLength) <= total)
      #expect(reading.packet.transportOffset <= reading.packet.ipLength)
    }
  }
}
