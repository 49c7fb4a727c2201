import Testing
import Wire

@testable import Endpoint

@Suite struct LabelRoomTests {
  private func room(
    _ mtu: UInt32, ipv6: UInt32? = nil, _ routes: (String, UInt32?)...
  ) throws -> LabelRoom {
    LabelRoom(
      device: "eth0", mtu: mtu, ipv6MTU: ipv6 ?? mtu,
      routes: try routes.map { text, mtu in
        Route(destination: try AddressPrefix(network: text), interface: 2, mtu: mtu)
      })
  }

  @Test func packetsAndLabelFit() throws {
    #expect(try room(1504, ("0.0.0.0/0", 1500), ("192.0.2.0/24", 1500)).advice == nil)
    #expect(try room(1500, ("0.0.0.0/0", 1496)).advice == nil)
    #expect(try room(1504, ipv6: 1500, ("::/0", nil), ("2001:db8::/64", nil)).advice == nil)
    #expect(try room(1504, ("0.0.0.0/0", 1501)).advice != nil)
  }

  @Test func moreIsBestWhereNoRouteLeavesRoom() throws {
    #expect(
      try room(1500, ("192.0.2.0/24", nil), ("::/0", nil), ("2001:db8::/64", nil)).advice
        == "eth0: MTU 1500 leaves packets of full size no room for a label, so they go without. "
        + "Best: `ip link set dev eth0 mtu 1504` here and on the segment; then "
        + "`ip route change $(ip route show 192.0.2.0/24 dev eth0) dev eth0 mtu 1500`, "
        + "`sysctl -w net/ipv6/conf/eth0/mtu=1500`; else, with the MTU as it is, 1496 there")
  }

  /// The default route has what the device has been given for it; the segment's own has not.
  @Test func onceSomeRoutesLeaveRoomTheOthersFollow() throws {
    #expect(
      try room(1504, ("0.0.0.0/0", 1500), ("192.0.2.0/24", nil)).advice
        == "eth0: MTU 1504 leaves packets of full size no room for a label on some routes, so they "
        + "go without. `ip route change $(ip route show 192.0.2.0/24 dev eth0) dev eth0 mtu 1500`")
    #expect(
      try room(9000, ("0.0.0.0/0", 8996), ("::/0", 9000)).advice?.contains(
        "`ip -6 route change $(ip -6 route show default dev eth0) dev eth0 mtu 8996`") == true)
  }

  /// 1504 is Ethernet's MTU and a label: nobody wants 1508.
  @Test func roomThatNoRouteLeavesYet() throws {
    #expect(
      try room(1504, ("0.0.0.0/0", nil)).advice
        == "eth0: MTU 1504 leaves packets of full size no room for a label, so they go without. "
        + "`ip route change $(ip route show default dev eth0) dev eth0 mtu 1500`")
    #expect(
      try room(1504).advice
        == "eth0: MTU 1504 leaves packets of full size no room for a label, so they go without. "
        + "`mtu 1500` on each route")
  }

  @Test func aFewRoutesAreNamed() throws {
    let all = LabelRoom(
      device: "eth0", mtu: 1504, ipv6MTU: 1504,
      routes: try (0..<10).map {
        Route(destination: try AddressPrefix(network: "10.\($0).0.0/16"), interface: 2, mtu: nil)
      })
    let advice = try #require(all.advice)
    #expect(advice.contains("10.3.0.0/16") && !advice.contains("10.4.0.0/16"))
    #expect(advice.hasSuffix(", and so for 6 more routes"))
  }
}
