import Testing

@testable import Wire

@Suite struct IPv6Tests {
  @Test func headerAndSegment() {
    let reading = Reading(Recorded.tcp6)
    #expect(reading.isAccepted)
    let packet = reading.packet
    #expect(packet.family == 6)
    #expect(packet.source == IPAddress("2001:db8:1::7"))
    #expect(packet.destination == IPAddress("2001:db8:ffff::10"))
    #expect(packet.ttl == 61)
    #expect(packet.ipLength == 65)
    #expect(packet.transportOffset == 40)
    #expect(packet.protocolNumber == 6)
    #expect(packet.traits == 0)
    #expect(packet.ports == 443 << 16 | 40_000)
    #expect(packet.tcpSequence == 7)
    #expect(packet.tcpAcknowledgement == 9)
    #expect(packet.tcpPayloadLength == 5)
  }

  @Test(
    arguments: [(25, nil), (26, .ipTotalLength), (65_535, .ipTotalLength)] as [(Int, DropReason?)])
  func payloadLengthAndFrame(length: Int, reason: DropReason?) {
    expect(ipv6(tcp(payload: [1, 2, 3, 4, 5]), next: 6, payloadLength: length), reason)
  }

  @Test func payloadLengthBelowTheHeader() {
    expect(ipv6(tcp(), next: 6, payloadLength: 19), .transportShort)
    expect(ipv6(tcp(), next: 6, payloadLength: 0), .transportShort)
  }

  @Test func longestPacket() {
    let longest = ipv6(tcp(payload: [UInt8](repeating: 0, count: 65_475)), next: 6)
    #expect(longest.count == 65_535)
    expect(longest, nil)
    // RFC 8200 lets the payload alone be 65,535 bytes; 40 more do not fit a 16-bit length.
    expect(ipv6(tcp(payload: [UInt8](repeating: 0, count: 65_476)), next: 6), .ipTotalLength)
  }

  @Test func jumbogram() {
    // RFC 2675 2: payload length 0, its length in a hop-by-hop option.
    let option: [UInt8] = [6, 0, 0xc2, 4, 0, 1, 0, 0]
    expect(ipv6(option + tcp(), next: 0, payloadLength: 0), .ipExtension)
  }

  @Test func padding() {
    for count in 1...32 {
      let reading = Reading(Recorded.tcp6 + [UInt8](repeating: 0xff, count: count))
      #expect(reading.isAccepted)
      #expect(reading.packet.ipLength == 65)
      #expect(reading.packet.tcpPayloadLength == 5)
    }
  }

  @Test(
    arguments: [
      ("::", false), ("::1", false), ("::2", true), ("ff02::1", false), ("ff0e::1", false),
      ("fe80::1", true), ("fc00::1", true), ("2001:db8::1", true), ("2001:db8:ffff::10", false),
    ])
  func sources(source: String, isSource: Bool) throws {
    let address = try #require(IPAddress(source))
    let bytes = withUnsafeBytes(of: (address.high, address.low)) { [UInt8]($0) }
    expect(ipv6(udp(), next: 17, source: bytes), isSource ? nil : .ipAddress)
  }

  @Test(arguments: [0, 127, 224, 255] as [UInt8])
  func mappedSources(first: UInt8) {
    let source = hex("00000000 00000000 0000ffff") + [first, 0, 0, 0]
    expect(ipv6(udp(), next: 17, source: source), .ipAddress)
  }

  @Test(arguments: (0...255).filter { ![0, 6, 17, 43, 44, 51, 58, 60].contains($0) })
  func protocols(number: UInt8) {
    // ICMP of IPv4, encapsulating security payload (50), no next header (59) and mobility (135)
    // are among them.
    expect(ipv6(tcp(), next: number), .protocol)
  }
}
