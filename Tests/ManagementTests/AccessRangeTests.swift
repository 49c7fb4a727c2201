import Snapshots
import TestSupport
import Testing
import Wire

@testable import Management

@Suite struct AccessRangeTests {
  private func prefixes(_ texts: [String]) -> [AddressPrefix] {
    texts.compactMap(AddressPrefix.init)
  }

  private func admits(
    allow: [AddressPrefix], deny: [AddressPrefix], _ clients: [IPAddress]
  ) -> [Bool] {
    var contents = SnapshotContents()
    var record = ServiceRecord()
    // What belongs to another service lies before it.
    contents.accessRanges = [AccessRange(high: 0, low: 0, admits: false)]
    let ranges = AccessRange.flattened(allow: allow, deny: deny)
    record.accessOffset = 1
    record.accessCount = UInt32(ranges.count)
    contents.accessRanges += ranges
    contents.services = [record]
    let snapshot = contents.build()
    defer { snapshot.free(poison: true) }
    return clients.map {
      snapshot.admits(snapshot.services, clientHigh: $0.high, clientLow: $0.low)
    }
  }

  @Test func withoutListsAllMayCome() {
    #expect(AccessRange.flattened(allow: [], deny: []).isEmpty)
    #expect(admits(allow: [], deny: [], [IPAddress(ipv4Word: 1)]) == [true])
  }

  /// By hand: nested prefixes, both ends of each, the first and the last address.
  @Test func theLongestPrefixDecides() throws {
    let allow = prefixes(["10.0.0.0/8", "10.1.2.0/24", "192.0.2.1/32"])
    let deny = prefixes(["10.1.0.0/16", "192.0.2.1/32", "255.255.255.255/32"])
    let cases: [(String, Bool)] = [
      ("0.0.0.0", false), ("9.255.255.255", false), ("10.0.0.0", true), ("10.0.255.255", true),
      ("10.1.0.0", false), ("10.1.1.255", false), ("10.1.2.0", true), ("10.1.2.255", true),
      ("10.1.3.0", false), ("10.1.255.255", false), ("10.2.0.0", true), ("10.255.255.255", true),
      ("11.0.0.0", false), ("192.0.2.1", false), ("255.255.255.255", false),
    ]
    let clients = try cases.map { try #require(IPAddress($0.0)) }
    #expect(admits(allow: allow, deny: deny, clients) == cases.map(\.1))
    // Without `allow`, what `deny` does not hold may come.
    #expect(
      admits(allow: [], deny: prefixes(["10.1.0.0/16"]), clients)
        == cases.map { !$0.0.hasPrefix("10.1.") })
  }

  @Test func sixteenBytes() throws {
    let allow = prefixes(["2001:db8::/32", "2001:db8:0:1::/64", "ffff::/16"])
    let deny = prefixes(["2001:db8::/48"])
    let cases: [(String, Bool)] = [
      ("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", false), ("2001:db8::", false),
      ("2001:db8:0:1::", true), ("2001:db8:0:1:ffff:ffff:ffff:ffff", true),
      ("2001:db8:0:2::", false), ("2001:db8:1::", true),
      ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true), ("2001:db9::", false),
      ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true), ("::", false),
    ]
    let clients = try cases.map { try #require(IPAddress($0.0)) }
    #expect(admits(allow: allow, deny: deny, clients) == cases.map(\.1))
    #expect(admits(allow: prefixes(["::/0"]), deny: [], clients) == clients.map { _ in true })
  }

  /// Against going through all prefixes one by one.
  @Test(arguments: 0..<20) func asALinearSearch(seed: Int) {
    var random = SplitMix(state: UInt64(seed))
    func prefix() -> AddressPrefix {
      // Few bits that differ, so that they nest and meet.
      let word =
        UInt32.random(in: 0..<256, using: &random) << 24 | UInt32.random(in: 0..<4, using: &random)
      let length = Int.random(in: 0...32, using: &random)
      return AddressPrefix("\(IPAddress(ipv4Word: word.bigEndian))/\(length)")!
    }
    let allow = (0..<Int.random(in: 0...12, using: &random)).map { _ in prefix() }
    let deny = (0..<Int.random(in: 1...12, using: &random)).map { _ in prefix() }
    let clients = (0..<400).map { _ in
      let word =
        UInt32.random(in: 0..<256, using: &random) << 24 | UInt32.random(in: 0..<8, using: &random)
      return IPAddress(ipv4Word: word.bigEndian)
    }
    let expected = clients.map { client in
      let allowed = allow.filter { $0.contains(client) }.map(\.length).max() ?? -1
      let denied = deny.filter { $0.contains(client) }.map(\.length).max() ?? -1
      if allowed < 0 && denied < 0 { return allow.isEmpty }
      return allowed > denied
    }
    #expect(admits(allow: allow, deny: deny, clients) == expected)
  }
}
