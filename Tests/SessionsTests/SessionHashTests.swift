import TestSupport
import Testing
import Wire

@testable import Sessions

@Suite struct SessionHashTests {
  let hash = SessionHash(secret0: 0x0123_4567_89ab_cdef, secret1: 0xfedc_ba98_7654_3210)

  @Test func tupleParts() {
    let tuple = FlowTuple("192.0.2.1", 40_000, "203.0.113.10", 80)
    #expect(tuple.ports == 80 << 16 | 40_000)
    #expect(tuple.kind == 4 << 8 | 6)
    #expect(tuple.sourcePort == 40_000 && tuple.destinationPort == 80)
    #expect(tuple.reversed == FlowTuple("203.0.113.10", 80, "192.0.2.1", 40_000))
  }

  @Test func bothDirectionsAgree() throws {
    for number in UInt32(0)..<20_000 {
      let tuple = FlowTuple(number: number &* 2_654_435_761)
      try #require(hash.hash(tuple) == hash.hash(tuple.reversed))
    }
  }

  /// Two flows that differ in one respect only, none of which may fall under the table's eyes.
  @Test func everyPartCounts() {
    let tuple = FlowTuple("192.0.2.1", 40_000, "203.0.113.10", 80)
    let others = [
      FlowTuple("192.0.2.2", 40_000, "203.0.113.10", 80),
      FlowTuple("192.0.2.1", 40_001, "203.0.113.10", 80),
      FlowTuple("192.0.2.1", 40_000, "203.0.113.11", 80),
      FlowTuple("192.0.2.1", 40_000, "203.0.113.10", 81),
      // The ports the other way round, and a sum of ports that is the same.
      FlowTuple("192.0.2.1", 80, "203.0.113.10", 40_000),
      FlowTuple("192.0.2.1", 40_001, "203.0.113.10", 79),
      FlowTuple("192.0.2.1", 40_000, "203.0.113.10", 80, protocolNumber: 17),
      // IPv4-mapped addresses in an IPv6 packet.
      FlowTuple("192.0.2.1", 40_000, "203.0.113.10", 80, family: 6),
    ]
    for other in others { #expect(hash.hash(other) != hash.hash(tuple)) }
  }

  @Test func secretsCount() {
    let tuple = FlowTuple("192.0.2.1", 40_000, "203.0.113.10", 80)
    let hashes = Set(
      [(1, 2), (2, 1), (1, 3), (0, 2), (0, 0)].map { (first: UInt64, second: UInt64) in
        SessionHash(secret0: first, secret1: second).hash(tuple)
      })
    #expect(hashes.count == 5)
  }

  /// One flipped bit of the key flips each bit of the hash about every second time.
  @Test(arguments: [0, 1]) func avalanche(which: Int) {
    var random = SplitMix(state: 4)
    var flips = [Int](repeating: 0, count: 64)
    var tried = 0
    for _ in 0..<60 {
      let client = IPAddress(high: random.next(), low: random.next())
      let virtual = IPAddress(high: random.next(), low: random.next())
      let ports = UInt32(truncatingIfNeeded: random.next())
      func digest(_ client: IPAddress, _ virtual: IPAddress, _ ports: UInt32) -> UInt64 {
        if which == 0 {
          return hash.hash(
            FlowTuple(source: client, destination: virtual, ports: ports, kind: 0x606))
        }
        return SessionHash.stableHash(
          client: client, clientPort: UInt16(truncatingIfNeeded: ports), virtual: virtual,
          virtualPort: UInt16(truncatingIfNeeded: ports >> 16), protocolNumber: 6)
      }
      let own = digest(client, virtual, ports)
      for bit in UInt64(0)..<160 {
        var other = (client, virtual, ports)
        switch bit {
        case 0..<64: other.0.high ^= 1 << bit
        case 64..<128: other.1.low ^= 1 << (bit - 64)
        default: other.2 ^= 1 << UInt32(bit - 128)
        }
        let difference = digest(other.0, other.1, other.2) ^ own
        for place in 0..<64 where difference >> UInt64(place) & 1 == 1 { flips[place] += 1 }
        tried += 1
      }
    }
    for count in flips { #expect(count > tried * 2 / 5 && count < tried * 3 / 5) }
  }

  /// The ports of one IPv4 client and the clients of one network, which is what a table sees.
  @Test func neighboursSpread() {
    for way in 0..<2 {
      var high = [Int](repeating: 0, count: 1024)
      var low = high
      for number in UInt32(0)..<65_536 {
        let client = IPAddress(
          ipv4Word: (0x0a00_0000 | (way == 0 ? 1 : number)).byteSwapped)
        let value = hash.hash(
          FlowTuple(
            source: client, destination: IPAddress("203.0.113.10")!,
            sourcePort: way == 0 ? UInt16(number) : 40_000, destinationPort: 80, protocolNumber: 6,
            family: 4))
        high[Int(value >> 54)] += 1
        low[Int(value & 1023)] += 1
      }
      // 64 a bin, standard deviation 8: six of them to either side.
      for bins in [high, low] {
        #expect(bins.min()! > 16 && bins.max()! < 112)
      }
    }
  }

  /// Worked out from the definition by other means, so that it stays what other appliances have.
  @Test func stableHashIsStable() {
    #expect(
      SessionHash.stableHash(
        client: IPAddress("192.0.2.1")!, clientPort: 40_000, virtual: IPAddress("203.0.113.10")!,
        virtualPort: 80, protocolNumber: 6) == 0x155b_e439_f190_76c1)
    #expect(
      SessionHash.stableHash(
        client: IPAddress("2001:db8::1")!, clientPort: 40_001, virtual: IPAddress("2001:db8::80")!,
        virtualPort: 443, protocolNumber: 17) == 0x4826_888f_05ec_68a8)
  }
}
