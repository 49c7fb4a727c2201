import Testing
import Wire

@Suite struct AddressPrefixTests {
  private func prefix(_ address: String, _ length: Int) throws -> AddressPrefix {
    AddressPrefix(address: try #require(IPAddress(address)), length: length)
  }

  /// The network by hand; an IPv6 one may end in either word or between them.
  @Test(arguments: [
    ("192.0.2.77", 32, "192.0.2.77/32"), ("192.0.2.77", 26, "192.0.2.64/26"),
    ("192.0.2.77", 0, "0.0.0.0/0"), ("2001:db8::ff:fe01", 128, "2001:db8::ff:fe01/128"),
    ("2001:db8::ff:fe01", 119, "2001:db8::ff:fe00/119"),
    ("2001:db8:0:1:8000::1", 65, "2001:db8:0:1:8000::/65"),
    ("2001:db8:0:1:8000::1", 64, "2001:db8:0:1::/64"), ("2001:db8:0:1::", 63, "2001:db8::/63"),
    ("2001:db8::", 1, "::/1"), ("ffff::", 1, "8000::/1"), ("2001:db8::", 0, "::/0"),
  ])
  func network(_ address: String, _ length: Int, _ expected: String) throws {
    #expect(try prefix(address, length).network.description == expected)
  }

  @Test(arguments: [
    ("192.0.2.1", 24, "192.0.2.255", true), ("192.0.2.1", 24, "192.0.3.1", false),
    ("0.0.0.0", 0, "203.0.113.1", true), ("0.0.0.0", 0, "::1", false), ("::", 0, "0.0.0.0", false),
    ("2001:db8::1", 64, "2001:db8::ffff:0:0:1", true),
    ("2001:db8::1", 64, "2001:db8:0:1::1", false),
    ("2001:db8::", 65, "2001:db8::8000:0:0:0", false),
  ])
  func contains(_ address: String, _ length: Int, _ other: String, _ expected: Bool) throws {
    #expect(try prefix(address, length).contains(try #require(IPAddress(other))) == expected)
  }

  @Test func ofAHost() throws {
    #expect(AddressPrefix(host: try #require(IPAddress("192.0.2.1"))).description == "192.0.2.1/32")
    #expect(AddressPrefix(host: try #require(IPAddress("::1"))).description == "::1/128")
  }
}
