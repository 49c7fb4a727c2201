import Testing

@testable import Management

@Suite struct LengtheningOffloadsTests {
  private func commands(_ offloads: LengtheningOffloads, _ peer: LengtheningOffloads.Peer?)
    -> [String]
  {
    offloads.advice(device: "eth1", peer: peer).map { line in
      "\(line.isCertain ? "!" : "?") \(line.text.split(separator: "ethtool ").last ?? "")"
    }
  }

  @Test func saysNothingWhereAllIsWell() {
    #expect(commands([], nil).isEmpty)
    #expect(commands([], .here("v1", [])).isEmpty)
    // A device's own sending is the appliance's, whose packets fit; a peer's receiving is its own.
    #expect(commands([.tcpSegmentation], nil).isEmpty)
    #expect(commands([], .here("v1", [.genericReceive])).isEmpty)
  }

  @Test func namesWhatToTurnOff() {
    #expect(commands([.genericReceive], nil) == ["! -K eth1 gro off"])
    #expect(commands([.largeReceive, .genericReceive], nil) == ["! -K eth1 gro off lro off"])
    #expect(commands([], .here("v1", [.tcpSegmentation])) == ["! -K v1 tso off gso off"])
  }

  /// Nothing is known of a peer that is elsewhere.
  @Test func saysWhatToDoElsewhere() throws {
    let lines = LengtheningOffloads([]).advice(device: "eth1", peer: .elsewhere)
    let line = try #require(lines.first)
    #expect(!line.isCertain && lines.count == 1)
    #expect(line.text.contains("other end of eth1") && line.text.contains("tso off gso off"))
  }

  /// rtnetlink(7): ifinfomsg of 16 bytes, the link's number in its second word.
  @Test func asksForALink() {
    let hex = RouteMessage.link(7).finished(sequence: 3).map {
      ($0 < 16 ? "0" : "") + String($0, radix: 16)
    }.joined()
    #expect(hex == "20000000120005000300000000000000" + "00000000070000000000000000000000")
  }

  /// RTM_NEWLINK with IFLA_LINK 6, IFLA_LINK_NETNSID or not, IFLA_LINKINFO with IFLA_INFO_KIND.
  @Test(arguments: [
    ("veth", false, VirtualPeer.here(6)), ("veth", true, .elsewhere), ("vlan", false, nil),
    ("veth2", false, nil),
  ])
  func readsThePeer(kind: String, isElsewhere: Bool, peer: VirtualPeer?) throws {
    var bytes: [UInt8] = [0, 0, 0, 0, 16, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]
    bytes += [0, 0, 1, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    bytes += [8, 0, 5, 0, 6, 0, 0, 0]
    if isElsewhere { bytes += [8, 0, 37, 0, 0, 0, 0, 0] }
    let name = Array(kind.utf8) + [0]
    let padding = [UInt8](repeating: 0, count: -name.count & 3)
    bytes += [UInt8(8 + name.count), 0, 18, 0x80, UInt8(4 + name.count), 0, 1, 0] + name + padding
    bytes[0] = UInt8(bytes.count)
    let message = try #require(Array(NetlinkReader(bytes[...])).first)
    #expect(RouteMessage.readVirtualPeer(message) == peer)
  }
}
