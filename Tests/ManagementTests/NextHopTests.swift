import Snapshots
import Testing
import Wire

@testable import Management

/// Where servers' and gateways' Ethernet addresses come from.
@Suite struct NextHopTests {
  private static func text(
    back: String, server: String, algorithm: Algorithm = .maglev
  ) -> String {
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
        algorithm: \(algorithm)
        servers: [{name: a, address: 192.0.2.11\(server)}, {name: b, address: 192.0.2.12, mac: "02:00:00:00:01:12"}]
    """
  }

  private static let onLink = ", address: [192.0.2.250/24]"

  private func plan(
    back: String = onLink, server: String = "", algorithm: Algorithm = .maglev
  ) throws -> Plan {
    Plan(
      configuration: try readRight(Self.text(back: back, server: server, algorithm: algorithm)),
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

  /// Whoever answers by a port with a twin: gateways that are found by address, and servers, by what
  /// leads to them.
  @Test func knowsWhomItHasToDoWith() throws {
    func peers(_ plan: Plan) -> [String] {
      var plan = plan
      return plan.makeContents(number: 1).peers.map { peer in
        let address = IPAddress(high: peer.addressHigh, low: peer.addressLow)
        return "\(peer.port) \(address) \(peer.mac == 0 ? "-" : "\(MACAddress(word: peer.mac))")"
      }
    }
    var plan = try plan()
    #expect(
      peers(plan) == ["0 198.51.100.254 -", "1 192.0.2.11 -", "1 192.0.2.12 02:00:00:00:01:12"])
    plan.setNextHop(
      try hop(1, "192.0.2.11"), .found(try #require(MACAddress("02:00:00:00:01:11"))))
    #expect(peers(plan)[1] == "1 192.0.2.11 02:00:00:00:01:11")
    var beyond = try self.plan(back: ", address: [198.18.0.1/24], gateway: {address: 198.18.0.254}")
    beyond.setNextHop(
      try hop(1, "198.18.0.254"), .found(try #require(MACAddress("02:00:00:00:00:fd"))))
    #expect(
      peers(beyond) == [
        "0 198.51.100.254 -", "1 198.18.0.254 02:00:00:00:00:fd",
        "1 192.0.2.11 02:00:00:00:00:fd", "1 192.0.2.12 02:00:00:00:01:12",
      ])
    // A port without a twin has nobody to talk with.
    #expect(
      peers(try self.plan(back: "", server: ", mac: '02:00:00:00:01:11'")) == ["0 198.51.100.254 -"]
    )
  }

  @Test func followsTheKernel() throws {
    var plan = try plan()
    let mac = try #require(MACAddress("02:00:00:00:01:11"))
    let before = plan.makeContents(number: 1)
    #expect(before.servers[0].adjacency == noIndex && before.servers[1].adjacency == 33)
    #expect(before.servers[0].mac == 0)
    // The gateway is there, and leads nowhere yet.
    #expect(before.ports[0].gatewayAdjacency == 0 && before.adjacencies[0].length == 0)
    plan.setNextHop(try hop(1, "192.0.2.11"), .found(mac))
    plan.setNextHop(try hop(0, "198.51.100.254"), .found(MACAddress(word: 0x0900_0000_0002)))
    let after = plan.makeContents(number: 2)
    #expect(after.servers[0].adjacency == 32)
    #expect(after.servers[0].mac == mac.word)
    #expect(after.adjacencies[32].destination == mac.word && after.adjacencies[32].port == 1)
    #expect(after.adjacencies[0].destination == 0x0900_0000_0002)
    #expect(plan.server(slot: 0)?.mac == mac)
  }

  /// At a start nothing is resolved yet, and sessions of before are there: the tables are those of
  /// before, and stay so while the hop is found, and lost again.
  @Test(arguments: [Algorithm.maglev, .wlc])
  func tablesDoNotDependOnWhatIsStillSought(algorithm: Algorithm) throws {
    var plan = try plan(algorithm: algorithm)
    let atStart = plan.makeContents(number: 1)
    #expect(atStart.servers[0].takesNewSessions && !atStart.servers[0].isReachable)
    #expect(Set(atStart.maglevEntries) == [0, 1])
    plan.setNextHop(try hop(1, "192.0.2.11"), .found(MACAddress(word: 2)))
    let found = plan.makeContents(number: 2)
    #expect(found.maglevEntries == atStart.maglevEntries && found.servers[0].isReachable)
    plan.setNextHop(try hop(1, "192.0.2.11"), .sought)
    let lost = plan.makeContents(number: 3)
    #expect(lost.maglevEntries == atStart.maglevEntries && !lost.servers[0].isReachable)
  }

  /// Nobody waits for one that does not answer, and nobody else's sessions move for it.
  @Test func aSilentServerIsPassedOver() throws {
    var plan = try plan()
    plan.setNextHop(try hop(1, "192.0.2.11"), .silent)
    let silent = plan.makeContents(number: 1)
    #expect(!silent.servers[0].takesNewSessions && silent.servers[1].takesNewSessions)
    plan.setNextHop(try hop(1, "192.0.2.11"), .found(MACAddress(word: 2)))
    let found = plan.makeContents(number: 2)
    #expect(found.servers[0].takesNewSessions)
    #expect(found.maglevEntries == silent.maglevEntries && Set(found.maglevEntries) == [0, 1])
  }

  /// A server that a reload brings has no sessions that would have to find it: it is passed over until
  /// it answers. The one that stays is not.
  @Test func aServerOfAReloadIsAwaited() throws {
    var plan = try plan()
    let more = Self.text(
      back: Self.onLink, server: "}, {name: c, address: 192.0.2.13")
    try plan.apply(try readRight(more))
    let before = plan.makeContents(number: 1)
    let slot = try #require(plan.serverSlot(named: "web/c"))
    #expect(!before.servers[Int(slot)].takesNewSessions && before.servers[0].takesNewSessions)
    plan.setNextHop(try hop(1, "192.0.2.13"), .found(MACAddress(word: 2)))
    #expect(plan.makeContents(number: 2).servers[Int(slot)].takesNewSessions)
  }

  @Test func forgetsWhatIsNotWanted() throws {
    var plan = try plan()
    let old = try hop(1, "192.0.2.99")
    plan.setNextHop(old, .found(MACAddress(word: 2)))
    plan.forgetNextHops(but: plan.wantedNextHops)
    #expect(plan.nextHops.isEmpty)
  }

  @Test func gathersWhatIsNews() throws {
    let plan = try plan()
    let one = try hop(1, "192.0.2.11")
    let found = NextHopState.found(MACAddress(word: 0x0100_0000_0002))
    var gathered = GatheredNextHops()
    let reports: [NextHopState] = [.sought, found, found, .sought, .silent, .sought, found]
    let news = reports.map { gathered.add(one, $0, to: plan) }
    // The kernel goes on asking for a silent one (NUD_INCOMPLETE), which is no reason to wait for it.
    #expect(news == [nil, found, nil, .sought, .silent, nil, found])
    var next = plan
    gathered.apply(to: &next)
    #expect(next.nextHops == [one: found])
    next.setNextHop(one, .awaited)
    gathered = GatheredNextHops()
    #expect(gathered.add(one, .sought, to: next) == nil)
    #expect(gathered.add(one, .silent, to: next) == .silent)
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
