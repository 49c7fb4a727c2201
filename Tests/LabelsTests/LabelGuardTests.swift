import TestSupport
import Testing
import Wire

@testable import Labels

@Suite struct LabelGuardTests {
  let key = LabelGuard(secret: 0x0123_4567_89ab_cdef)

  @Test func shortFormOfIPv4IsTheSame() throws {
    var random = SplitMix(state: 2)
    for _ in 0..<10_000 {
      let client = UInt32(truncatingIfNeeded: random.next())
      let virtual = UInt32(truncatingIfNeeded: random.next())
      let number = UInt8(truncatingIfNeeded: random.next())
      let short = key.addresses(
        sourceIPv4: client, destinationIPv4: virtual, protocolNumber: number)
      let long = key.addresses(
        source: IPAddress(ipv4Word: client), destination: IPAddress(ipv4Word: virtual),
        protocolNumber: number)
      try #require(short == long)
    }
  }

  /// A guard that ignored a bit would let half of its neighbours through.
  @Test func everyBitCounts() {
    var random = SplitMix(state: 3)
    var agreeing = 0
    var tried = 0
    for _ in 0..<200 {
      let client = IPAddress(high: random.next(), low: random.next())
      let virtual = IPAddress(high: random.next(), low: random.next())
      let own = key.addresses(source: client, destination: virtual, protocolNumber: 6)
      for bit in UInt64(0)..<64 {
        for part in 0..<4 {
          var otherClient = client
          var otherVirtual = virtual
          switch part {
          case 0: otherClient.high ^= 1 << bit
          case 1: otherClient.low ^= 1 << bit
          case 2: otherVirtual.high ^= 1 << bit
          default: otherVirtual.low ^= 1 << bit
          }
          let other = key.addresses(
            source: otherClient, destination: otherVirtual, protocolNumber: 6)
          agreeing += other == own ? 1 : 0
          tried += 1
        }
      }
      if key.addresses(source: client, destination: virtual, protocolNumber: 17) == own {
        agreeing += 1
      }
    }
    // 51,200 at a chance of 1 in 65,536 each: 0.8 expected.
    #expect(tried == 51_200 && agreeing <= 8)
  }

  /// The clients of one network and the ports of one client spread over the digests.
  @Test func neighboursSpread() throws {
    let virtual = try #require(IPAddress("203.0.113.10"))
    var addresses = Set<UInt16>()
    var ports = Set<UInt16>()
    for host in UInt32(0)..<4096 {
      let client = IPAddress(ipv4Word: (0x0a00_0000 | host).byteSwapped)
      addresses.insert(key.addresses(source: client, destination: virtual, protocolNumber: 6))
      ports.insert(key.ports(source: UInt16(1024 + host), destination: 80))
    }
    // 4,096 balls into 65,536 bins hit 3,970 of them on average.
    #expect(addresses.count > 3_600)
    #expect(ports.count > 3_600)
  }

  @Test func portsAreNotInterchangeable() {
    #expect(key.ports(source: 80, destination: 4000) != key.ports(source: 4000, destination: 80))
    #expect(key.ports(source: 0, destination: 1) != key.ports(source: 1, destination: 0))
  }

  @Test func anotherSecretAnotherGuard() throws {
    let other = LabelGuard(secret: 0x0123_4567_89ab_cdee)
    let client = try #require(IPAddress("192.0.2.1"))
    let virtual = try #require(IPAddress("203.0.113.10"))
    var agreeing = 0
    for port in UInt16(1)...1000 {
      agreeing +=
        key.ports(source: port, destination: 80) == other.ports(source: port, destination: 80)
        ? 1 : 0
    }
    #expect(agreeing < 10)
    #expect(
      key.addresses(source: client, destination: virtual, protocolNumber: 6)
        != other.addresses(source: client, destination: virtual, protocolNumber: 6))
  }
}
