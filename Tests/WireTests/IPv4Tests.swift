import Testing

@testable import Wire

@Suite struct IPv4Tests {
  @Test func headerAndSegment() {
    let reading = Reading(Recorded.tcp4)
    #expect(reading.isAccepted)
    let packet = reading.packet
    #expect(packet.family == 4)
    #expect(packet.source == IPAddress("198.51.100.7"))
    #expect(packet.destination == IPAddress("203.0.113.10"))
    #expect(packet.ttl == 63)
    #expect(packet.ipLength == 45)
    #expect(packet.transportOffset == 20)
    #expect(packet.protocolNumber == 6)
    #expect(packet.traits == ParsedPacket.dontFragment)
    #expect(packet.sourcePort == 40_000)
    #expect(packet.destinationPort == 80)
    #expect(packet.tcpSequence == 0x1122_3344)
    #expect(packet.tcpAcknowledgement == 0x5566_7788)
    #expect(packet.tcpFlags == TCPFlags.ack | TCPFlags.psh)
    #expect(packet.tcpHeaderLength == 20)
    #expect(packet.tcpPayloadLength == 5)
  }

  @Test func options() {
    let reading = Reading(Recorded.options4)
    #expect(reading.isAccepted)
    #expect(reading.packet.transportOffset == 28)
    #expect(reading.packet.protocolNumber == 17)
    #expect(reading.packet.ports == 53 << 16 | 5353)
    #expect(reading.packet.traits == 0)
  }

  @Test(arguments: 5...15)
  func everyHeaderLength(words: Int) {
    let options = [UInt8](repeating: 1, count: (words - 5) * 4)
    let reading = Reading(ipv4(tcp(), protocolNumber: 6, options: options))
    #expect(reading.isAccepted)
    #expect(Int(reading.packet.transportOffset) == words * 4)
    #expect(reading.packet.tcpSequence == 0x1122_3344)
  }

  @Test(arguments: (0...15).filter { $0 != 4 && $0 != 6 })
  func versions(version: UInt8) {
    expect(ipv4(udp(), protocolNumber: 17, version: version), .ipVersion)
  }

  @Test(arguments: [(0, 64), (1, 64), (4, 64), (15, 59), (15, 32), (6, 20)] as [(UInt8, Int)])
  func headerLengths(words: UInt8, count: Int) {
    let packet = ipv4(
      [UInt8](repeating: 0, count: count - 20), protocolNumber: 17, headerWords: words)
    expect(packet, .ipHeaderLength)
  }

  @Test(arguments: [0, 1, 19, 29, 65_535])
  func totalLengths(length: Int) {
    expect(ipv4(udp(), protocolNumber: 17, totalLength: length), .ipTotalLength)
  }

  @Test func totalLengthWithinOptions() {
    let packet = ipv4(udp(), protocolNumber: 17, options: [1, 1, 1, 1], totalLength: 23)
    expect(packet, .ipTotalLength)
  }

  @Test(arguments: [1, 0x8000, 0xffff] as [UInt16])
  func checksums(error: UInt16) {
    expect(ipv4(udp(), protocolNumber: 17, checksumError: error), .ipChecksum)
  }

  @Test func everyFlippedBitIsRefused() {
    for bit in 0..<28 * 8 {
      var packet = Recorded.options4
      packet[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(Reading(packet).reason != nil, "bit \(bit)")
    }
  }

  @Test(arguments: [Recorded.tcp4, Recorded.options4])
  func padding(packet: [UInt8]) {
    let bare = Reading(packet).packet
    for count in 1...46 {
      let padded = Reading(packet + [UInt8](repeating: 0xff, count: count))
      #expect(padded.isAccepted)
      #expect(padded.packet.ipLength == bare.ipLength)
      #expect(padded.packet.tcpPayloadLength == bare.tcpPayloadLength)
      #expect(padded.packet.ports == bare.ports)
    }
  }

  /// What the link padded is no part of a header.
  @Test func paddingIsNoHeader() {
    expect(ipv4([UInt8](tcp()[..<19]), protocolNumber: 6) + [0, 0, 0], .transportShort)
    expect(ipv4([UInt8](udp()[..<7]), protocolNumber: 17) + [0, 0, 0], .transportShort)
  }

  @Test(
    arguments: [
      ([0, 0, 0, 0], false), ([0, 255, 255, 255], false), ([1, 0, 0, 1], true),
      ([10, 0, 0, 1], true), ([126, 255, 255, 255], true), ([127, 0, 0, 1], false),
      ([127, 255, 255, 255], false), ([128, 0, 0, 1], true), ([223, 255, 255, 254], true),
      ([224, 0, 0, 1], false), ([239, 255, 255, 255], false), ([240, 0, 0, 1], false),
      ([255, 255, 255, 255], false), (Host.service4, false),
    ] as [([UInt8], Bool)])
  func sources(source: [UInt8], isSource: Bool) {
    expect(ipv4(udp(), protocolNumber: 17, source: source), isSource ? nil : .ipAddress)
  }

  @Test(arguments: (0...255).filter { ![1, 6, 17].contains($0) })
  func protocols(number: UInt8) {
    expect(ipv4(tcp(), protocolNumber: number), .protocol)
  }

  @Test func firstReasonWins() {
    let wrong = ipv4(
      [], protocolNumber: 6, source: [127, 0, 0, 1], totalLength: 19, checksumError: 1)
    expect(wrong, .ipTotalLength)
    expect(
      ipv4([], protocolNumber: 99, source: [127, 0, 0, 1], checksumError: 1), .ipChecksum)
    expect(ipv4([], protocolNumber: 99, source: [127, 0, 0, 1]), .ipAddress)
  }

  @Test func longestPacket() {
    let payload = [UInt8](repeating: 7, count: 65_535 - 40)
    let reading = Reading(ipv4(tcp(payload: payload), protocolNumber: 6))
    #expect(reading.isAccepted)
    #expect(reading.packet.ipLength == 65_535)
    #expect(reading.packet.tcpPayloadLength == 65_495)
  }
}
