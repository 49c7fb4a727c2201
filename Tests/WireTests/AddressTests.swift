import TestSupport
import Testing

@testable import Wire

@Suite struct IPAddressTests {
  /// What is read, and how RFC 5952 writes it. The first ones are its section 1's and 2's examples.
  @Test(
    arguments: [
      ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
      ("2001:db8::1:0:0:1", "2001:db8::1:0:0:1"), ("2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1"),
      ("2001:0db8::1:0:0:1", "2001:db8::1:0:0:1"), ("2001:db8:0:0:1::1", "2001:db8::1:0:0:1"),
      ("2001:db8:0000:0:1::1", "2001:db8::1:0:0:1"), ("2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"),
      // Leading zeros (4.1), one field of zeros (4.2.2), the longest run (4.2.3), lower case (4.3).
      ("2001:0db8::0001", "2001:db8::1"), ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"),
      ("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
      ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("2001:DB8::AAAA", "2001:db8::aaaa"),
      ("0:0:0:0:0:0:0:0", "::"), ("0:0:0:0:0:0:0:1", "::1"), ("ff02::1", "ff02::1"),
      ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("fe80::", "fe80::"),
      ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
    ])
  func text(text: String, canonical: String) throws {
    let address = try #require(IPAddress(text))
    #expect(address.description == canonical)
    #expect(IPAddress(canonical) == address)
  }

  @Test(
    arguments: [
      "", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-4", "1.2.3.4 ", " 1.2.3.4",
      "1.2.3.4/24", "0x1.2.3.4", "1.2.3.04", ":", ":::", "1::2::3", "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9", "12345::", "g::1", "[::1]", "::1%lo", "::1/128", "::1.2.3", "host",
      "1.2.3.4\0", "::1\0x", "1.2.3.４",
    ])
  func noAddress(text: String) {
    #expect(IPAddress(text) == nil)
  }

  @Test func bytesAsTheyLie() throws {
    let four = try #require(IPAddress("198.51.100.7"))
    #expect(four == IPAddress(bytes: Host.client4))
    #expect(four.isIPv4)
    #expect(withUnsafeBytes(of: four.ipv4Word) { [UInt8]($0) } == [198, 51, 100, 7])
    // IPv4-mapped (RFC 4291 2.5.5.2).
    #expect(
      withUnsafeBytes(of: (four.high, four.low)) { [UInt8]($0) }
        == hex("00000000 00000000 0000ffff c6336407"))
    let six = try #require(IPAddress("2001:db8:1::7"))
    #expect(six == IPAddress(bytes: Host.client6))
    #expect(!six.isIPv4)
  }

  @Test func randomRoundTrips() {
    var generator = SplitMix(state: 5952)
    for _ in 0..<2000 {
      let bytes = (0..<16).map { _ in
        generator.below(2) == 0 ? 0 : UInt8(generator.below(256))
      }
      let six = IPAddress(bytes: bytes)
      #expect(IPAddress(six.description) == six)
      let four = IPAddress(bytes: [UInt8](bytes[..<4]))
      #expect(four.description == bytes[..<4].map(String.init).joined(separator: "."))
      #expect(IPAddress(four.description) == four)
    }
  }

  @Test(
    arguments: [
      ("223.255.255.255", false), ("224.0.0.1", true), ("239.255.255.255", true),
      ("240.0.0.0", false), ("ff00::", true), ("ff02::1", true), ("feff::", false), ("::ff", false),
    ])
  func multicast(text: String, isMulticast: Bool) throws {
    #expect(try #require(IPAddress(text)).isMulticast == isMulticast)
  }

  @Test(
    arguments: [
      ("0.0.0.0", true), ("::", true), ("0.0.0.1", false), ("::1", false), ("1::", false),
    ])
  func unspecified(text: String, isUnspecified: Bool) throws {
    #expect(try #require(IPAddress(text)).isUnspecified == isUnspecified)
  }
}

@Suite struct MACAddressTests {
  @Test(
    arguments: [
      ("02:00:00:00:00:01", "02:00:00:00:00:01"), ("00:00:00:00:00:00", "00:00:00:00:00:00"),
      ("FF:fF:ff:FF:ff:0A", "ff:ff:ff:ff:ff:0a"), ("01:23:45:67:89:ab", "01:23:45:67:89:ab"),
    ])
  func text(text: String, canonical: String) throws {
    let address = try #require(MACAddress(text))
    #expect(address.description == canonical)
    #expect(MACAddress(canonical) == address)
  }

  @Test(
    arguments: [
      "", "02", "02:00:00:00:00", "02:00:00:00:00:01:02", "02:00:00:00:00:1", "02:00:00:00:00:001",
      "02-00-00-00-00-01", "0200.0000.0001", "02:00:00:00:00:0g", "02:00:00:00:00:+1",
      "02:00:00:00:00:-1", "02:00:00:00:00:", ":02:00:00:00:00:01", "02:00:00:00:00:01 ",
      "02:00:00:00:00:１１", "020000000001",
    ])
  func noAddress(text: String) {
    #expect(MACAddress(text) == nil)
  }

  @Test func bytesAsTheyLie() {
    let frame = hex("020000000001 a1b2c3d4e5f6 0800")
    frame.withUnsafeBytes {
      #expect($0.baseAddress!.macAddress(0) == MACAddress("02:00:00:00:00:01"))
      #expect($0.baseAddress!.macAddress(6) == MACAddress("a1:b2:c3:d4:e5:f6"))
    }
  }

  @Test(
    arguments: [
      ("02:00:00:00:00:01", false), ("01:00:5e:00:00:01", true), ("33:33:00:00:00:01", true),
      ("ff:ff:ff:ff:ff:ff", true), ("fe:ff:ff:ff:ff:ff", false),
    ])
  func multicast(text: String, isMulticast: Bool) throws {
    #expect(try #require(MACAddress(text)).isMulticast == isMulticast)
  }
}
