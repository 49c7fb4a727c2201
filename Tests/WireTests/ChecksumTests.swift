import TestSupport
import Testing

@testable import Wire

@Suite struct ChecksumTests {
  static func sum(_ bytes: [UInt8], initial: UInt32 = 0) -> UInt16 {
    let memory = PageEnd(capacity: bytes.count)
    return withExtendedLifetime(memory) {
      Checksum.sum(memory.place(bytes), count: bytes.count, initial: initial)
    }
  }

  /// RFC 1071 3's example, and what can be summed by eye.
  @Test(
    arguments: [
      ("0001 f203 f4f5 f6f7", 0xddf2), ("", 0), ("12", 0x1200), ("1234", 0x1234),
      ("123456", 0x6834), ("12345678", 0x68ac), ("ffff ffff", 0xffff), ("ffff 0001", 0x0001),
      ("8000 8000", 0x0001), ("0000 0000 00", 0x0000), ("ff", 0xff00),
    ] as [(String, UInt16)])
  func known(text: String, sum: UInt16) {
    #expect(Self.sum(hex(text)) == sum)
  }

  @Test func recordedHeaders() {
    for packet in [Recorded.tcp4, Recorded.unreachable4, Recorded.syn4] {
      #expect(Self.sum([UInt8](packet[..<20])) == 0xffff)
    }
    #expect(Self.sum([UInt8](Recorded.options4[..<28])) == 0xffff)
    #expect(Self.sum([UInt8](Recorded.unreachable4[20...])) == 0xffff)
  }

  @Test func againstPlainSum() {
    var generator = SplitMix(state: 1071)
    for count in 0...300 {
      for _ in 0..<4 {
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        #expect(Self.sum(bytes) == plainSum(bytes), "\(count)")
        let initial = UInt32.random(in: 0...UInt32.max, using: &generator)
        let folded = plainSum(initial.networkBytes)
        #expect(
          Self.sum(bytes, initial: initial) == plainSum(bytes, initial: folded), "\(count)")
      }
    }
  }

  /// All carries there are.
  @Test(arguments: [65_534, 65_535, 65_536])
  func longest(count: Int) {
    let bytes = [UInt8](repeating: 0xff, count: count)
    #expect(Self.sum(bytes) == (count % 2 == 0 ? 0xffff : 0xff00))
    #expect(Self.sum(bytes, initial: .max) == (count % 2 == 0 ? 0xffff : 0xff00))
  }

  /// RFC 1624 4: 0x5555 becomes 0x3285 under checksum 0xdd2f; the right one is 0x0000, where
  /// equation 2 gave 0xffff.
  @Test func updateOfRFC1624() {
    #expect(Checksum.update(0xdd2f, from: 0x5555, to: 0x3285) == 0x0000)
    #expect(Checksum.update(0x0000, from: 0x3285, to: 0x5555) == 0xdd2f)
  }

  /// Words other than the changed one sum to 0x8000, 0xffff, 1: the carry of the first fold carries.
  @Test func updateCarriesTwice() {
    #expect(Checksum.update(0x7fff, from: 0x0000, to: 0x8000) == 0xfffe)
    #expect(Checksum.update(0x0000, from: 0x0000, to: 0x0001) == 0xfffe)
    #expect(Checksum.update(0xfffe, from: 0x0000, to: 0xffff) == 0xfffe)
  }

  @Test func updateAgainstRecomputation() {
    var generator = SplitMix(state: 1624)
    let edges: [UInt16] = [0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff]
    for round in 0..<20_000 {
      var words = (0..<9).map { _ in UInt16.random(in: 0...0xffff, using: &generator) }
      // An IP or TCP header is never all zero.
      words[8] = UInt16.random(in: 1...0xfffe, using: &generator)
      let index = round % 8
      if round % 3 == 0 { words[index] = edges.randomElement(using: &generator)! }
      let old = words[index]
      let before = ~plainSum(words.flatMap(\.networkBytes))
      words[index] =
        round % 5 == 0
        ? edges.randomElement(using: &generator)! : .random(in: 0...0xffff, using: &generator)
      let after = ~plainSum(words.flatMap(\.networkBytes))
      #expect(Checksum.update(before, from: old, to: words[index]) == after)
    }
  }

  /// The checksums that make these sums right were written by scapy.
  @Test func pseudoHeaders() {
    let tcp4 = Checksum.pseudoHeader(
      source: IPAddress(bytes: Host.client4), destination: IPAddress(bytes: Host.service4),
      protocolNumber: 6, length: 25)
    #expect(Self.sum([UInt8](Recorded.tcp4[20...]), initial: tcp4) == 0xffff)
    let tcp6 = Checksum.pseudoHeader(
      source: IPAddress(bytes: Host.client6), destination: IPAddress(bytes: Host.service6),
      protocolNumber: 6, length: 25)
    #expect(Self.sum([UInt8](Recorded.tcp6[40...]), initial: tcp6) == 0xffff)
  }

  @Test(arguments: [4, 16])
  func pseudoHeaderOfAnyAddresses(addressLength: Int) {
    var generator = SplitMix(state: 8200)
    for _ in 0..<2000 {
      let addresses = (0..<2 * addressLength).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      let source = [UInt8](addresses[..<addressLength])
      let destination = [UInt8](addresses[addressLength...])
      let number = UInt8.random(in: 1...255, using: &generator)
      let length = UInt16.random(in: 0...65_535, using: &generator)
      let initial = Checksum.pseudoHeader(
        source: IPAddress(bytes: source), destination: IPAddress(bytes: destination),
        protocolNumber: number, length: Int(length))
      #expect(
        Self.sum([], initial: initial) == plainSum(addresses + length.networkBytes + [0, number]))
    }
  }

  /// An IPv6 packet may carry IPv4-mapped addresses.
  @Test func pseudoHeaderOfMappedAddresses() {
    let source = hex("00000000 00000000 0000ffff c6336407")
    let destination = hex("00000000 00000000 0000ffff cb00710a")
    let initial = Checksum.pseudoHeader(
      source: IPAddress(bytes: source), destination: IPAddress(bytes: destination),
      protocolNumber: 58, length: 8)
    let body: [UInt8] = [128, 0, 0, 0, 0, 1, 0, 2]
    #expect(
      Self.sum(body, initial: initial)
        == plainSum(source + destination + [0, 0, 0, 8, 0, 0, 0, 58] + body))
  }
}

@Suite struct TimeToLiveTests {
  @Test func ipv4() {
    for old in 0...255 as ClosedRange<UInt8> {
      for new in [0, 1, 2, 63, 64, 127, 128, 254, 255, old, old &- 1] as [UInt8] {
        let before = WireTests.ipv4(udp(), protocolNumber: 17, identification: 0x1c46, ttl: old)
        let after = WireTests.ipv4(udp(), protocolNumber: 17, identification: 0x1c46, ttl: new)
        #expect(changing(before) { TimeToLive.set($0, new) } == after)
      }
    }
  }

  @Test func everyChecksum() {
    for identification in stride(from: 0, through: 0xffff, by: 17) as StrideThrough<Int> {
      let id = UInt16(identification)
      let before = WireTests.ipv4([], protocolNumber: 6, identification: id, ttl: 64)
      let after = WireTests.ipv4([], protocolNumber: 6, identification: id, ttl: 63)
      #expect(changing(before) { TimeToLive.set($0, 63) } == after)
    }
  }

  @Test(arguments: [0, 1, 127, 128, 132, 255] as [UInt8])
  func protocolStays(number: UInt8) {
    let before = WireTests.ipv4([], protocolNumber: number, ttl: 200)
    let after = WireTests.ipv4([], protocolNumber: number, ttl: 9)
    #expect(changing(before) { TimeToLive.set($0, 9) } == after)
  }

  @Test func ipv6() {
    let before = WireTests.ipv6([], next: 59, hopLimit: 64)
    #expect(
      changing(before) { TimeToLive.set($0, 3) } == WireTests.ipv6([], next: 59, hopLimit: 3))
  }
}
