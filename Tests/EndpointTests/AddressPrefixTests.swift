import CBPFShim
import Testing
import Wire

@testable import Endpoint

@Suite struct AddressPrefixTests {
  @Test(arguments: [
    ("0.0.0.0/0", "0.0.0.0/0"), ("10.0.0.0/8", "10.0.0.0/8"), ("203.0.113.10", "203.0.113.10/32"),
    ("203.0.113.128/25", "203.0.113.128/25"), ("::/0", "::/0"), ("2001:db8::/33", "2001:db8::/33"),
    ("2001:db8:0:0:8000::/65", "2001:db8:0:0:8000::/65"), ("::1", "::1/128"),
  ])
  func prefixesAreRead(_ text: String, _ expected: String) throws {
    #expect(try AddressPrefix(network: text).description == expected)
  }

  @Test(arguments: [
    ("203.0.113.129/25", "203.0.113.128/25"), ("1.0.0.0/0", "0.0.0.0/0"),
    ("2001:db8:0:0:8001::/65", "2001:db8:0:0:8000::/65"), ("2001:db8::1/127", "2001:db8::/127"),
  ])
  func bitsPastTheLengthAreRefusedWithTheNetworkMeant(_ text: String, _ meant: String) {
    #expect {
      try AddressPrefix(network: text)
    } throws: { error in
      (error as? EndpointFailure)?.message.contains("did you mean \(meant)?") == true
    }
  }

  @Test(arguments: [
    "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8",
    "10.0.0/8", "::/129", "::/1 ", "10.0.0.0/99999999999999999999", "name",
  ])
  func whatIsNoPrefixIsRefused(_ text: String) {
    #expect {
      try AddressPrefix(network: text)
    } throws: { error in
      (error as? EndpointFailure)?.exitCode == 1
    }
  }

  /// The trie compares family, three zero bytes and the address, from the first bit on.
  @Test func keysAreAsTheFrameHasThem() throws {
    let four = try AddressPrefix(network: "203.0.113.0/24").key
    #expect(four.length == 32 + 24)
    #expect(four.family == 4)
    #expect(bytes(four) == [203, 0, 113] + [UInt8](repeating: 0, count: 13))
    let six = try AddressPrefix(network: "2001:db8::ff00:0/112").key
    #expect(six.length == 32 + 112)
    #expect(six.family == 6)
    #expect(bytes(six) == [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0])
  }

  private func bytes(_ key: endpoint_prefix) -> [UInt8] {
    withUnsafeBytes(of: key.address) { Array($0) }
  }
}
