import TestSupport
import Testing

@testable import Wire

@Suite struct ResetTests {
  /// Writes a RST over the packet, in memory that ends right behind it.
  private func reset(_ bytes: [UInt8]) -> [UInt8] {
    let packet = Reading(bytes).packet
    let length = Answer.resetLength(family: packet.family)
    let changed = changing([UInt8](bytes[..<length])) { Answer.writeReset($0, to: packet) }
    #expect(changed.count == length)
    return changed
  }

  /// By scapy 2.5.0: IP(id=0, flags="DF", ttl=64)/TCP(80 > 40000, seq=0x55667788, ack=0, "R",
  /// window=0).
  @Test func toSegmentWithAcknowledgement() {
    #expect(
      reset(Recorded.tcp4)
        == hex(
          """
          45000028000040004006d48acb00710ac633640700509c40556677880000000050040000e01b0000
          """))
  }

  /// By scapy 2.5.0, seq=0, ack=0x1122334a, "RA": SYN and five bytes of data count six.
  @Test func toSYNWithData() {
    #expect(
      reset(ipv4(tcp(flags: 2, payload: [1, 2, 3, 4, 5]), protocolNumber: 6))
        == hex(
          """
          45000028000040004006d48acb00710ac633640700509c40000000001122334a50140000688e0000
          """))
  }

  /// By scapy 2.5.0: seq=9, ack=0, "R".
  @Test func ofIPv6() {
    #expect(
      reset(Recorded.tcp6)
        == hex(
          """
          600000000014064020010db8ffff0000000000000000001020010db800010000000000000000000701bb9c40
          000000090000000050040000b6520000
          """))
  }

  /// RFC 9293 3.10.7.1: flags and payload length of the segment; sequence, acknowledgement and flags
  /// of the answer. SEQ is 0x11223344, ACK 0x55667788.
  @Test(
    arguments: [
      (0x02, 0, 0, 0x1122_3345, 0x14), (0x02, 5, 0, 0x1122_334a, 0x14),
      (0x01, 0, 0, 0x1122_3345, 0x14), (0x01, 1, 0, 0x1122_3346, 0x14),
      (0x10, 0, 0x5566_7788, 0, 0x04), (0x10, 9, 0x5566_7788, 0, 0x04),
      (0x11, 9, 0x5566_7788, 0, 0x04), (0x12, 0, 0x5566_7788, 0, 0x04),
    ] as [(UInt8, Int, UInt32, UInt32, UInt8)])
  func sequenceNumbers(
    flags: UInt8, count: Int, sequence: UInt32, acknowledgement: UInt32, answerFlags: UInt8
  ) {
    let segment = tcp(
      flags: flags, options: [1, 1, 1, 1], payload: [UInt8](repeating: 7, count: count))
    for packet in [ipv4(segment, protocolNumber: 6), ipv6(segment, next: 6)] {
      let answer = reset(packet)
      let offset = packet[0] >> 4 == 4 ? 20 : 40
      #expect([UInt8](answer[(offset + 4)..<(offset + 8)]) == sequence.networkBytes)
      #expect([UInt8](answer[(offset + 8)..<(offset + 12)]) == acknowledgement.networkBytes)
      #expect(answer[offset + 12] == 0x50)
      #expect(answer[offset + 13] == answerFlags)
      #expect(transportSum(answer, offset: offset, protocolNumber: 6) == 0xffff)
      if offset == 20 { #expect(plainSum(answer[..<20]) == 0xffff) }
    }
  }

  @Test func sequenceNumberWrapsRound() {
    let answer = reset(
      ipv4(tcp(sequence: .max, flags: 2, payload: [1]), protocolNumber: 6))
    #expect([UInt8](answer[28..<32]) == [0, 0, 0, 1])
  }

  @Test func behindOptionsAndExtensions() {
    let four = reset(
      ipv4(tcp(), protocolNumber: 6, options: [UInt8](repeating: 1, count: 40)))
    #expect(four[0] == 0x45)
    #expect(plainSum(four[..<20]) == 0xffff)
    #expect(transportSum(four, offset: 20, protocolNumber: 6) == 0xffff)
    let six = reset(ipv6(Extension.options(next: 6, units: 9) + tcp(), next: 60))
    #expect(six[6] == 6)
    #expect(transportSum(six, offset: 40, protocolNumber: 6) == 0xffff)
  }

  /// A reset is itself read as one, from the other side.
  @Test func isRead() {
    for packet in [Recorded.tcp4, Recorded.tcp6] {
      let asked = Reading(packet).packet
      let answer = Reading(reset(packet))
      #expect(answer.isAccepted)
      #expect(answer.packet.source == asked.destination)
      #expect(answer.packet.destination == asked.source)
      #expect(answer.packet.sourcePort == asked.destinationPort)
      #expect(answer.packet.destinationPort == asked.sourcePort)
      #expect(answer.packet.tcpFlags == TCPFlags.rst)
      #expect(answer.packet.ttl == 64)
    }
  }
}

@Suite struct ErrorAnswerTests {
  /// Writes an error in front of the first `quoteLength` bytes of a packet.
  private func error(
    _ bytes: [UInt8], quoteLength: Int, type: UInt8, code: UInt8, parameter: UInt32
  ) -> [UInt8] {
    let packet = Reading(bytes).packet
    let header = Answer.errorHeaderLength(family: packet.family)
    // What lies in the headroom is overwritten.
    let room = [UInt8](repeating: 0xa5, count: header)
    return changing(room + bytes[..<quoteLength]) {
      Answer.writeError(
        $0, quoteLength: quoteLength, about: packet, type: type, code: code, parameter: parameter)
    }
  }

  /// By scapy 2.5.0: IP(id=0, flags="DF")/ICMP(type=3, code=3) about UDP 5353 > 53 "query".
  @Test func portUnreachable() {
    let query = hex("450000210001000040111486c6336407cb00710a14e90035000d34887175657279")
    #expect(
      error(query, quoteLength: query.count, type: 3, code: 3, parameter: 0)
        == hex("4500003d000040004001d47acb00710ac63364070303636100000000") + query)
  }

  /// By scapy 2.5.0: ICMPv6PacketTooBig(mtu=1496) about UDP 5353 > 53 "query!!".
  @Test func packetTooBig() {
    let query = hex(
      """
      60000000000f114020010db800010000000000000000000720010db8ffff0000000000000000001014e90035000f
      1e1f71756572792121
      """)
    let header = hex(
      """
      60000000003f3a4020010db8ffff0000000000000000001020010db800010000000000000000000702002af50000
      05d8
      """)
    #expect(
      error(query, quoteLength: query.count, type: 2, code: 0, parameter: 1496) == header + query)
  }

  /// The whole error has at most 576 bytes (RFC 1812 4.3.2.3) or 1,280 (RFC 4443 2.4).
  @Test func limits() {
    #expect(Answer.errorHeaderLength(family: 4) + Answer.errorQuoteLimit(family: 4) == 576)
    #expect(Answer.errorHeaderLength(family: 6) + Answer.errorQuoteLimit(family: 6) == 1280)
  }

  @Test(arguments: [28, 29, 30, 31, 32, 547, 548])
  func ipv4Quotes(quoteLength: Int) {
    var generator = SplitMix(state: 792)
    let payload = (0..<1400).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let packet = WireTests.ipv4(tcp(payload: payload), protocolNumber: 6)
    let answer = error(packet, quoteLength: quoteLength, type: 3, code: 4, parameter: 1396)
    #expect(answer.count == 28 + quoteLength)
    #expect([UInt8](answer[2..<4]) == UInt16(answer.count).networkBytes)
    #expect(plainSum(answer[..<20]) == 0xffff)
    #expect(plainSum(answer[20...]) == 0xffff)
    #expect([UInt8](answer[12..<20]) == Host.service4 + Host.client4)
    #expect([UInt8](answer[20..<22]) == [3, 4])
    #expect([UInt8](answer[24..<28]) == [0, 0, 0x05, 0x74])
    #expect([UInt8](answer[28...]) == [UInt8](packet[..<quoteLength]))
  }

  @Test(arguments: [48, 49, 50, 51, 1231, 1232])
  func ipv6Quotes(quoteLength: Int) {
    var generator = SplitMix(state: 4443)
    let payload = (0..<1400).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let packet = WireTests.ipv6(udp(payload: payload), next: 17)
    let answer = error(packet, quoteLength: quoteLength, type: 1, code: 4, parameter: 0)
    #expect(answer.count == 48 + quoteLength)
    #expect([UInt8](answer[4..<6]) == UInt16(answer.count - 40).networkBytes)
    #expect([UInt8](answer[8..<40]) == Host.service6 + Host.client6)
    #expect(transportSum(answer, offset: 40, protocolNumber: 58) == 0xffff)
    #expect([UInt8](answer[48...]) == [UInt8](packet[..<quoteLength]))
  }
}
