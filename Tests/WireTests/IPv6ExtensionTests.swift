import TestSupport
import Testing

@testable import Wire

@Suite struct IPv6ExtensionTests {
  @Test func recordedChain() {
    let reading = Reading(Recorded.chain6)
    #expect(reading.isAccepted)
    #expect(reading.packet.transportOffset == 104)
    #expect(reading.packet.protocolNumber == 17)
    #expect(reading.packet.ports == 53 << 16 | 1024)
    #expect(reading.packet.traits == 0)
  }

  @Test(arguments: [Extension.hopByHop, Extension.destination], [0, 1, 5, 255])
  func options(number: UInt8, units: Int) {
    let reading = Reading(ipv6(Extension.options(next: 17, units: units) + udp(), next: number))
    #expect(reading.isAccepted)
    #expect(Int(reading.packet.transportOffset) == 40 + 8 * (units + 1))
    #expect(reading.packet.ports == 53 << 16 | 5353)
  }

  @Test(arguments: [1, 2, 4, 8, 255])
  func authentication(field: Int) {
    let reading = Reading(
      ipv6(Extension.authentication(next: 6, field: field) + tcp(), next: Extension.authentication))
    #expect(reading.isAccepted)
    #expect(Int(reading.packet.transportOffset) == 40 + (field + 2) * 4)
    #expect(reading.packet.tcpSequence == 0x1122_3344)
  }

  /// Type 0 must not be followed (RFC 5095 3); without segments left it is passed (RFC 8200 4.4).
  @Test(
    arguments: [
      (0, 0, nil), (0, 1, .ipExtension), (0, 255, .ipExtension), (2, 1, nil), (4, 3, nil),
    ]
      as [(UInt8, UInt8, DropReason?)])
  func routing(type: UInt8, segmentsLeft: UInt8, reason: DropReason?) {
    let header = Extension.routing(next: 17, type: type, segmentsLeft: segmentsLeft, units: 2)
    expect(ipv6(header + udp(), next: Extension.routing), reason)
  }

  @Test func hopByHopOnlyInFront() {
    let inner = Extension.options(next: 17) + udp()
    expect(ipv6(inner, next: Extension.hopByHop), nil)
    for outer in [Extension.hopByHop, Extension.destination] {
      expect(ipv6(Extension.options(next: 0) + inner, next: outer), .ipExtension)
    }
    let routing = Extension.routing(next: 0, type: 2, segmentsLeft: 0)
    expect(ipv6(routing + inner, next: Extension.routing), .ipExtension)
    let atomic = Extension.fragment(next: 0, offset: 0, more: false)
    expect(ipv6(atomic + inner, next: Extension.fragment), .ipExtension)
  }

  /// Receivers take the others in any order (RFC 8200 4.1).
  @Test func anyOrder() {
    let numbers = [
      Extension.destination, Extension.routing, Extension.fragment, Extension.authentication,
    ]
    var generator = SplitMix(state: 1)
    for _ in 0..<200 {
      let order = numbers.shuffled(using: &generator)
      var packet = udp()
      var next: UInt8 = 17
      for number in order {
        switch number {
        case Extension.destination: packet = Extension.options(next: next, units: 1) + packet
        case Extension.routing:
          packet = Extension.routing(next: next, type: 4, segmentsLeft: 1, units: 2) + packet
        case Extension.fragment:
          packet = Extension.fragment(next: next, offset: 0, more: false) + packet
        default: packet = Extension.authentication(next: next, field: 4) + packet
        }
        next = number
      }
      let reading = Reading(ipv6(packet, next: next))
      #expect(reading.isAccepted, "\(order)")
      // 16 of options, 24 of routing, 8 of fragment, 24 of authentication.
      #expect(reading.packet.transportOffset == 40 + 72)
      #expect(reading.packet.ports == 53 << 16 | 5353)
    }
  }

  @Test(
    arguments: [(0, nil), (1, nil), (8, nil), (9, .ipExtension), (60, .ipExtension)]
      as [(Int, DropReason?)])
  func howMany(count: Int, reason: DropReason?) {
    var packet = udp()
    for index in 0..<count {
      packet = Extension.options(next: index == 0 ? 17 : Extension.destination) + packet
    }
    expect(ipv6(packet, next: count == 0 ? 17 : Extension.destination), reason)
  }

  @Test func longerThanThePacket() {
    for number in [Extension.hopByHop, Extension.destination, Extension.routing] {
      // 16 bytes promised, 8 there.
      expect(ipv6([17, 1, 4, 0, 0, 0, 0, 0], next: number), .ipExtension)
      expect(ipv6([17, 0, 4, 0, 0, 0, 0], next: number), .ipExtension)
      expect(ipv6([], next: number), .ipExtension)
    }
    expect(ipv6([17, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], next: 51), .ipExtension)
    expect(ipv6([17, 0, 0, 0, 0, 0, 0], next: 44), .ipExtension)
    // Link padding is no extension header.
    expect(
      ipv6([17, 1, 4, 0, 0, 0, 0, 0] + udp(), next: 60, payloadLength: 8), .ipExtension)
  }

  @Test func headerWithNothingBehind() {
    expect(ipv6(Extension.options(next: 6), next: 60), .transportShort)
    expect(ipv6(Extension.options(next: 59), next: 60), .protocol)
  }
}

@Suite struct IPv6FragmentTests {
  @Test func recordedDatagram() {
    let first = Reading(Recorded.fragments6[0])
    #expect(first.isAccepted)
    #expect(first.packet.traits == ParsedPacket.firstFragment)
    #expect(first.packet.fragmentID == 0x0102_0304)
    #expect(first.packet.ports == 53 << 16 | 9)
    #expect(first.packet.transportOffset == 48)
    let last = Reading(Recorded.fragments6[1])
    #expect(last.isAccepted)
    #expect(last.packet.traits == ParsedPacket.laterFragment)
    #expect(last.packet.fragmentID == 0x0102_0304)
    #expect(last.packet.ports == 0)
    #expect(last.packet.protocolNumber == 17)
  }

  /// Offset 0 and nothing to come is a whole packet, whatever the reserved bits (RFC 6946 4).
  @Test(arguments: [0, 1, 2, 3] as [UInt16])
  func atomic(reserved: UInt16) {
    let header = Extension.fragment(next: 6, offset: 0, more: false, reserved: reserved)
    let reading = Reading(ipv6(header + tcp(payload: [1, 2, 3]), next: 44))
    #expect(reading.isAccepted)
    #expect(reading.packet.traits == 0)
    #expect(reading.packet.transportOffset == 48)
    #expect(reading.packet.tcpPayloadLength == 3)
  }

  struct Case: Sendable {
    var offset: Int
    var more: Bool
    var count: Int
    var next: UInt8 = 17
    var reason: DropReason?
    var traits: UInt8 = 0
  }

  @Test(arguments: [
    Case(offset: 0, more: true, count: 24, traits: ParsedPacket.firstFragment),
    Case(offset: 8, more: true, count: 8, traits: ParsedPacket.laterFragment),
    Case(offset: 8, more: false, count: 1, traits: ParsedPacket.laterFragment),
    Case(offset: 1448, more: false, count: 33, next: 60, traits: ParsedPacket.laterFragment),
    Case(offset: 0, more: true, count: 25, reason: .fragmentMalformed),
    Case(offset: 16, more: true, count: 7, reason: .fragmentMalformed),
    Case(offset: 0, more: true, count: 0, reason: .fragmentMalformed),
    Case(offset: 80, more: false, count: 0, reason: .fragmentMalformed),
    Case(offset: 8, more: false, count: 24, next: 6, reason: .fragmentMalformed),
    Case(offset: 16, more: false, count: 24, next: 6, traits: ParsedPacket.laterFragment),
    Case(offset: 0, more: true, count: 16, next: 6, reason: .transportShort),
    // The payload of the whole would pass 65,535 bytes (RFC 8200 4.5).
    Case(offset: 65_528, more: false, count: 7, traits: ParsedPacket.laterFragment),
    Case(offset: 65_528, more: false, count: 8, reason: .fragmentMalformed),
    Case(offset: 65_528, more: true, count: 8, reason: .fragmentMalformed),
  ])
  func fields(test: Case) {
    let payload = (test.next == 6 ? tcp() : udp(length: 2000)) + [UInt8](repeating: 0, count: 40)
    let header = Extension.fragment(
      next: test.next, offset: test.offset, more: test.more, reserved: 3, id: 0xcafe_f00d)
    let reading = Reading(ipv6(header + payload[..<test.count], next: 44))
    #expect(reading.reason == test.reason)
    guard test.reason == nil else { return }
    #expect(reading.packet.traits == test.traits)
    #expect(reading.packet.fragmentID == 0xcafe_f00d)
    #expect(reading.packet.protocolNumber == test.next)
    #expect(reading.packet.transportOffset == 48)
  }

  @Test func headersInFrontCountTowardsTheLongestPacket() {
    let header = Extension.fragment(next: 17, offset: 65_520, more: false)
    for (count, reason) in [(7, nil), (8, .fragmentMalformed)] as [(Int, DropReason?)] {
      let rest = header + [UInt8](repeating: 0, count: count)
      expect(ipv6(Extension.options(next: 44) + rest, next: 0), reason)
    }
  }

  /// The first fragment holds the whole header chain (RFC 7112 5).
  @Test func chainReachesPastTheFirstFragment() {
    let header = Extension.fragment(next: 60, offset: 0, more: true)
    expect(ipv6(header + [17, 1, 0, 0, 0, 0, 0, 0], next: 44), .ipExtension)
    expect(ipv6(header + Extension.options(next: 17), next: 44), .transportShort)
    let whole = Reading(ipv6(header + Extension.options(next: 17) + udp(length: 99), next: 44))
    #expect(whole.isAccepted)
    #expect(whole.packet.traits == ParsedPacket.firstFragment)
    #expect(whole.packet.ports == 53 << 16 | 5353)
  }

  /// What follows the header of a later fragment is data, whatever it looks like.
  @Test func laterFragmentIsNotRead() {
    let header = Extension.fragment(next: 60, offset: 1480, more: false)
    let reading = Reading(ipv6(header + [0, 255, 255], next: 44))
    #expect(reading.isAccepted)
    #expect(reading.packet.protocolNumber == 60)
  }
}
