import Testing

@testable import Wire

@Suite struct TCPTests {
  /// 40 bytes of segment: offsets of 20 to 40 bytes fit.
  @Test(arguments: 0...15)
  func dataOffset(words: UInt8) {
    let segment = tcp(offset: words, payload: [UInt8](repeating: 0, count: 20))
    for packet in [ipv4(segment, protocolNumber: 6), ipv6(segment, next: 6)] {
      let reading = Reading(packet)
      guard (5...10).contains(words) else {
        #expect(reading.reason == .tcpOffset)
        continue
      }
      #expect(reading.isAccepted)
      #expect(reading.packet.tcpHeaderLength == words * 4)
      #expect(reading.packet.tcpPayloadLength == 40 - UInt16(words) * 4)
    }
  }

  /// All combinations of FIN 0x01, SYN 0x02, RST 0x04 and ACK 0x10, each with every combination of
  /// PSH 0x08, URG 0x20, ECE 0x40 and CWR 0x80, which change nothing; PSH alone of them is told.
  @Test(
    arguments: [
      (0x00, false), (0x01, true), (0x02, true), (0x03, false), (0x04, true), (0x05, false),
      (0x06, false), (0x07, false), (0x10, true), (0x11, true), (0x12, true), (0x13, false),
      (0x14, true), (0x15, false), (0x16, false), (0x17, false),
    ] as [(UInt8, Bool)])
  func flags(flags: UInt8, isSound: Bool) {
    for others in 0..<16 as Range<UInt8> {
      let all = flags | others & 1 << 3 | (others & 14) << 4
      let reading = Reading(ipv4(tcp(flags: all), protocolNumber: 6))
      #expect(reading.reason == (isSound ? nil : .tcpFlags), "\(all)")
      if isSound { #expect(reading.packet.tcpFlags == all & 0x1f) }
    }
  }

  @Test(
    arguments: [
      (0x02, true, 1), (0x12, false, 1), (0x10, false, 0), (0x01, false, 1), (0x11, false, 1),
      (0x04, false, 0), (0x14, false, 0), (0xc2, true, 1),
    ] as [(UInt8, Bool, UInt32)])
  func sequenceLength(flags: UInt8, isInitialSYN: Bool, control: UInt32) {
    for count in [0, 1, 1460] {
      let payload = [UInt8](repeating: 0, count: count)
      let packet = Reading(ipv4(tcp(flags: flags, payload: payload), protocolNumber: 6)).packet
      #expect(packet.isInitialSYN == isInitialSYN)
      #expect(packet.tcpSequenceLength == UInt32(count) + control)
    }
  }

  @Test func short() {
    for count in 0..<20 {
      expect(ipv4([UInt8](tcp()[..<count]), protocolNumber: 6), .transportShort)
      expect(ipv6([UInt8](tcp()[..<count]), next: 6), .transportShort)
    }
  }
}

@Suite struct UDPTests {
  /// 16 bytes of datagram.
  @Test(
    arguments: [
      (0, .udpLength), (7, .udpLength), (8, nil), (15, nil), (16, nil), (17, .udpLength),
      (65_535, .udpLength),
    ] as [(Int, DropReason?)])
  func length(length: Int, reason: DropReason?) {
    let datagram = udp(length: length, payload: [UInt8](repeating: 0, count: 8))
    expect(ipv4(datagram, protocolNumber: 17), reason)
    expect(ipv6(datagram, next: 17), reason)
    // Link padding does not make room.
    expect(ipv4(datagram, protocolNumber: 17) + [0, 0, 0, 0], reason)
  }

  @Test func nothingOfTCP() {
    var packet = Reading(Recorded.tcp4).packet
    let bytes = ipv4(udp(), protocolNumber: 17)
    let outcome = bytes.withUnsafeBytes {
      PacketParser.parse(
        $0.baseAddress!, available: bytes.count, total: bytes.count, into: &packet)
    }
    #expect(outcome == PacketParser.accepted)
    #expect(packet.tcpFlags == 0)
    #expect(packet.tcpPayloadLength == 0)
    #expect(packet.traits == 0)
  }

  @Test func short() {
    for count in 0..<8 {
      expect(ipv4([UInt8](udp()[..<count]), protocolNumber: 17), .transportShort)
      expect(ipv6([UInt8](udp()[..<count]), next: 17), .transportShort)
    }
  }
}

@Suite struct ICMPTests {
  @Test func short() {
    for count in 0..<8 {
      expect(ipv4([UInt8](icmp(type: 8)[..<count]), protocolNumber: 1), .transportShort)
      expect(ipv6([UInt8](icmp(type: 128)[..<count]), next: 58), .transportShort)
    }
  }

  @Test func echo() {
    let reading = Reading(Recorded.echo6)
    #expect(reading.isAccepted)
    #expect(reading.packet.protocolNumber == 58)
    #expect(reading.packet.ports == 0)
    #expect(reading.packet.traits == 0)
  }

  @Test func eachInItsFamily() {
    expect(ipv4(icmp(type: 128), protocolNumber: 58), .protocol)
    expect(ipv6(icmp(type: 8), next: 1), .protocol)
  }
}
