import Snapshots
import Testing
import Wire

@testable import Management

/// Where servers' and gateways' Ethernet addresses come from.
@Suite struct NextHopTests {
  private static func text(back: String, server: String) -> String {
    """
    ports:
      - {name: front, device: d0, side: client, address: [198.51.100.250/24, "2001:db8::fa/64"],
         gateway: {address: 198.51.100.254}}
      - {name: back, device: d1, side: server\(back)}
    services:
      - name: web
        address: 203.0.113.10
        protocol: tcp
        port: 80
        algorithm: maglev
        servers: [{name: a, address: 192.0.2.11\(server)}, {name: b, address: 192.0.2.12, mac: "02:00:00:00:01:12"}]
    """
  }

  private static let onLink = ", address: [192.0.2.250/24]"

  private func plan(back: String = onLink, server: String = "") throws -> Plan {
    Plan(
      configuration: try readRight(Self.text(back: back, server: server)),
      portMACs: [0x0100_0000_0002, 0x0200_0000_0002])
  }

  private func hop(_ port: Int, _ text: String) throws -> NextHop {
    NextHop(port: port, address: try #require(IPAddress(text)))
  }

  @Test func asksForWhatIsNotStatic() throws {
    #expect(
      try plan().wantedNextHops == [hop(0, "198.51.100.254"), hop(1, "192.0.2.11")])
    #expect(
      try plan(server: ", mac: '02:00:00:00:01:11'").wantedNextHops == [hop(0, "198.51.100.254")])
  }

  /// A server beyond the link is reached through the port's gateway.
  @Test func goesThroughTheGateway() throws {
    let beyond = ", address: [198.18.0.1/24], gateway: {address: 198.18.0.254}"
    #expect(
      try plan(back: beyond).wantedNextHops == [hop(0, "198.51.100.254"), hop(1, "198.18.0.254")])
    var fixed = try plan(
      back: ", address: [198.18.0.1/24], gateway: {mac: '02:00:00:00:00:fd'}")
    #expect(fixed.makeContents(number: 1).servers[0].mac == 0xfd00_0000_0002)
  }

  @Test func followsTheKernel() throws {
    var plan = try plan()
    let mac = try #require(MACAddress("02:00:00:00:01:11"))
    let before = plan.makeContents(number: 1)
    #expect(before.servers[0].adjacency == noIndex && !before.servers[0].takesNewSessions)
    #expect(before.servers[1].takesNewSessions)
    #expect(Set(before.maglevEntries) == [1])
    // The gateway is there, and leads nowhere yet.
    #expect(before.ports[0].gatewayAdjacency == 0 && before.adjacencies[0].length == 0)
    plan.setNextHop(try hop(1, "192.0.2.11"), mac)
    plan.setNextHop(try hop(0, "198.51.100.254"), MACAddress(word: 0x0900_0000_0002))
    let after = plan.makeContents(number: 2)
    #expect(after.servers[0].adjacency == 32 && after.servers[0].takesNewSessions)
    #expect(after.servers[0].mac == mac.word)
    #expect(after.adjacencies[32].destination == mac.word && after.adjacencies[32].port == 1)
    #expect(after.adjacencies[0].destination == 0x0900_0000_0002)
    #expect(Set(after.maglevEntries) == [0, 1])
    #expect(plan.server(slot: 0)?.mac == mac)
    plan.setNextHop(try hop(1, "192.0.2.11"), nil)
    #expect(!plan.makeContents(number: 3).servers[0].takesNewSessions)
  }

  @Test func forgetsWhatIsNotWanted() throws {
    var plan = try plan()
    let old = try hop(1, "192.0.2.99")
    plan.setNextHop(old, MACAddress(word: 2))
    plan.forgetNextHops(but: plan.wantedNextHops)
    #expect(plan.nextHops.isEmpty)
  }

  @Test func gathersWhatIsNews() throws {
    let plan = try plan()
    let one = try hop(1, "192.0.2.11")
    let mac = MACAddress(word: 0x0100_0000_0002)
    var gathered = GatheredNextHops()
    let news = [nil, mac, mac, nil, mac].map { gathered.add(one, $0, to: plan) }
    #expect(news == [false, true, false, true, true])
    var next = plan
    gathered.apply(to: &next)
    #expect(next.nextHops == [one: mac])
  }

  /// The ports' own addresses, IPv4 in the 96 + n bits of its mapped form.
  @Test func tellsWhatIsOnLink() throws {
    var plan = try plan()
    let snapshot = plan.makeContents(number: 1).build()
    defer { snapshot.free(poison: true) }
    func look(_ text: String, _ port: Int) throws -> (isOwn: Bool, isOnLink: Bool) {
      let address = try #require(IPAddress(text))
      let port = snapshot.ports + port
      return (
        snapshot.isOwn(high: address.high, low: address.low, port: port),
        snapshot.isOnLink(high: address.high, low: address.low, port: port)
      )
    }
    #expect(try look("198.51.100.250", 0) == (true, true))
    #expect(try look("198.51.100.1", 0) == (false, true))
    #expect(try look("198.51.101.1", 0) == (false, false))
    #expect(try look("2001:db8::fa", 0) == (true, true))
    #expect(try look("2001:db8::ffff:0:0:1", 0) == (false, true))
    #expect(try look("2001:db8:0:1::1", 0) == (false, false))
    #expect(try look("198.51.100.250", 1) == (false, false))
    #expect(try look("192.0.2.250", 1) == (true, true))
  }

  @Test(arguments: [
    (
      "", "",
      "t.yaml:11:15: server has no mac, and port back no address to resolve it from; "
        + "expected mac, or an address of the port"
    ),
    (
      ", address: [192.0.2.250/29]", "",
      "t.yaml:11:15: server has no mac, and 192.0.2.11 is not within the prefixes of port back; "
        + "expected mac, an address on the port's link, or a gateway of the port"
    ),
    (
      ", gateway: {address: 192.0.2.254}", "",
      "t.yaml:4:63: gateway 192.0.2.254 cannot be resolved, since the port has no address; "
        + "expected mac, or an address of the port with its prefix length"
    ),
    (
      ", address: [192.0.2.250/24], gateway: {address: 192.0.3.254}", "",
      "t.yaml:4:90: gateway 192.0.3.254 is not within the port's prefixes; "
        + "expected an address on the port's link"
    ),
  ])
  func refusesWhatLeadsNowhere(back: String, server: String, line: String) {
    #expect(refusals(Self.text(back: back, server: server)) == [line])
  }
}

extension NextHopTests {
  @Test(arguments: [
    ("net_af_packet0,iface=eth1,blocksz=65536", ["eth1"]),
    ("net_pcap0,iface=eth1,phy_mac=1", ["eth1"]),
    ("net_pcap0,rx_iface=a,tx_iface=b", ["a", "b"]),
    ("net_pcap0,rx_pcap=iface=x.pcap,tx_pcap=out", []),
    ("net_af_xdp0,iface=eth1", []), ("0000:01:00.0", []),
  ])
  func knowsKernelDevices(device: String, names: [String]) {
    #expect(KernelDevice.names(in: device) == names)
  }
}
