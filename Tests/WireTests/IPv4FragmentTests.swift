import Testing

@testable import Wire

@Suite struct IPv4FragmentTests {
  @Test func recordedDatagram() {
    let readings = Recorded.fragments4.map { Reading($0) }
    #expect(readings.map(\.isAccepted) == [true, true, true])
    #expect(
      readings.map(\.packet.traits) == [
        ParsedPacket.firstFragment, ParsedPacket.laterFragment, ParsedPacket.laterFragment,
      ])
    #expect(readings.map(\.packet.fragmentID) == [77, 77, 77])
    #expect(readings.map(\.packet.ports) == [53 << 16 | 9, 0, 0])
    #expect(readings.map(\.packet.protocolNumber) == [17, 17, 17])
    #expect(readings.map(\.packet.ipLength) == [52, 52, 24])
  }

  /// Fragment field (reserved, DF, MF, offset in units of 8), payload, protocol; what comes of it.
  struct Case: Sendable {
    var field: UInt16
    var count: Int
    var protocolNumber: UInt8 = 17
    var reason: DropReason?
    var traits: UInt8 = 0
  }

  @Test(arguments: [
    Case(field: 0x4000, count: 24, protocolNumber: 6, traits: ParsedPacket.dontFragment),
    Case(field: 0x2000, count: 24, traits: ParsedPacket.firstFragment),
    Case(
      field: 0x6000, count: 24, traits: ParsedPacket.firstFragment | ParsedPacket.dontFragment),
    Case(field: 0x2000, count: 8, traits: ParsedPacket.firstFragment),
    Case(field: 0x2001, count: 8, traits: ParsedPacket.laterFragment),
    Case(field: 0x0001, count: 1, traits: ParsedPacket.laterFragment),
    Case(field: 0x4002, count: 8, traits: ParsedPacket.laterFragment | ParsedPacket.dontFragment),
    // More to come, but not in units of eight bytes.
    Case(field: 0x2000, count: 25, reason: .fragmentMalformed),
    Case(field: 0x2005, count: 12, reason: .fragmentMalformed),
    // Without payload.
    Case(field: 0x2000, count: 0, reason: .fragmentMalformed),
    Case(field: 0x0007, count: 0, reason: .fragmentMalformed),
    // A TCP fragment at eight bytes hides the flags (RFC 1858 3).
    Case(field: 0x0001, count: 24, protocolNumber: 6, reason: .fragmentMalformed),
    Case(field: 0x2001, count: 24, protocolNumber: 6, reason: .fragmentMalformed),
    Case(field: 0x0003, count: 24, protocolNumber: 6, traits: ParsedPacket.laterFragment),
    // Too small for its header.
    Case(field: 0x2000, count: 16, protocolNumber: 6, reason: .transportShort),
    // 65,512 bytes in front: 3 more and the header make the longest datagram (RFC 791 3.1).
    Case(field: 0x1ffd, count: 3, traits: ParsedPacket.laterFragment),
    Case(field: 0x1ffd, count: 4, reason: .fragmentMalformed),
    Case(field: 0x1ffd, count: 23, reason: .fragmentMalformed),
    Case(field: 0x1ffd, count: 24, reason: .fragmentMalformed),
    Case(field: 0x1fff, count: 1, reason: .fragmentMalformed),
    Case(field: 0x1fff, count: 1400, protocolNumber: 1, reason: .fragmentMalformed),
  ])
  func fields(test: Case) {
    let datagram = test.protocolNumber == 6 ? tcp() : udp(length: 2000)
    let payload = datagram + [UInt8](repeating: 0, count: 1400)
    let reading = Reading(
      ipv4(
        [UInt8](payload[..<test.count]), protocolNumber: test.protocolNumber,
        identification: 0xbeef, fragmentField: test.field))
    #expect(reading.reason == test.reason)
    guard test.reason == nil else { return }
    #expect(reading.packet.traits == test.traits)
    if test.field & 0x3fff != 0 { #expect(reading.packet.fragmentID == 0xbeef) }
  }

  @Test func optionsCountTowardsTheLongestDatagram() {
    let options = [UInt8](repeating: 1, count: 4)
    for (count, reason) in [(7, nil), (8, .fragmentMalformed)] as [(Int, DropReason?)] {
      let payload = [UInt8](repeating: 0, count: count)
      // 65,504 bytes in front, 24 of header.
      expect(
        ipv4(payload, protocolNumber: 17, options: options, fragmentField: 0x1ffc), reason)
    }
  }

  @Test func firstFragmentWithoutAllOptions() {
    let segment = [UInt8](tcp(options: [UInt8](repeating: 1, count: 8))[..<24])
    expect(ipv4(segment, protocolNumber: 6, fragmentField: 0x2000), .tcpOffset)
  }

  @Test(arguments: [0, 7, 8, 31, 32, 1480] as [Int])
  func udpLengthOfFirstFragment(length: Int) {
    let payload = [UInt8](repeating: 0, count: 24)
    let packet = ipv4(
      udp(length: length, payload: payload), protocolNumber: 17, fragmentField: 0x2000)
    expect(packet, length < 8 ? .udpLength : nil)
  }

  @Test func laterFragmentOfUnknownProtocol() {
    // Which session it is of, its first fragment says.
    expect(ipv4([1, 2, 3], protocolNumber: 47, fragmentField: 0x0003), nil)
  }
}
