import Testing
import Wire

@testable import Endpoint

@Suite struct ConfigurationTests {
  @Test func appliancesAreAddressesPartedByCommas() throws {
    let set = try ApplianceSet(["02:00:00:00:00:01,02:00:00:00:00:02", "02:00:00:00:00:01"])
    #expect(
      set == .only([MACAddress(word: 0x0100_0000_0002), MACAddress(word: 0x0200_0000_0002)]))
    #expect(set.texts == ["02:00:00:00:00:01", "02:00:00:00:00:02"])
  }

  @Test func anyMustBeAskedForAlone() throws {
    #expect(try ApplianceSet(["any"]) == .any)
    for texts in [["any", "any"], ["any,02:00:00:00:00:01"], ["02:00:00:00:00:01", "any"]] {
      #expect(throws: EndpointFailure.self) { try ApplianceSet(texts) }
    }
  }

  @Test(arguments: [
    [], [""], ["02:00:00:00:00:01,"], ["2:0:0:0:0:1"], ["00:00:00:00:00:00"], ["ff:ff:ff:ff:ff:ff"],
    ["ANY"],
  ])
  func whatIsNoHostIsRefused(_ texts: [String]) {
    #expect {
      try ApplianceSet(texts)
    } throws: { error in
      (error as? EndpointFailure)?.exitCode == 1
    }
  }

  @Test func atMost256Appliances() throws {
    func addresses(_ count: Int) -> [String] {
      (0..<count).map { MACAddress(word: 2 | UInt64($0) << 32).description }
    }
    #expect(try ApplianceSet(addresses(256)).texts.count == 256)
    #expect(throws: EndpointFailure.self) { try ApplianceSet(addresses(257)) }
  }

  @Test func prefixesAreKeptOnce() throws {
    let configuration = try Configuration(
      appliances: ["any"], clientPrefixes: ["192.0.2.0/24", "2001:db8::/32", "192.0.2.0/24"])
    #expect(configuration.clientPrefixes.map(\.description) == ["192.0.2.0/24", "2001:db8::/32"])
  }
}
