import Balancing
import Snapshots
import Testing
import Wire

@testable import Management

@Suite struct PlanContentsTests {
  private static let text = """
    labels:
      quarantine: 1s
      embryonic-share: 40
      guard: port
      unknown: discard
    answers-per-second: 7
    kernel-packets-per-second: 8
    timeouts:
      tcp-embryonic: 5s
      tcp-established: 15m
      tcp-closing: 2s
      udp-embryonic: 17ms
      udp: 16ms
    ports:
      - {name: front, device: d0, side: client, mac: "02:00:00:00:00:01", mtu: 1400, vlan: 5,
         gateway: {mac: "02:00:00:00:00:fe"}}
      - {name: back, device: d1, side: server, address: [192.0.2.250/24]}
    services:
      - name: web
        address: 203.0.113.10
        protocol: tcp
        port: 8000-8099
        algorithm: maglev
        clients: labelled
        max-sessions: 100
        new-sessions-per-second: 50
        refuse-with: icmp
        servers:
          - {name: b, address: 192.0.2.12, mac: "02:00:00:00:01:12", weight: 3, max-sessions: 9}
          - {name: a, address: 192.0.2.11, mac: "02:00:00:00:01:11", labels: false}
          - {name: c, address: 192.0.2.13}
      - name: dns
        address: 2001:db8::53
        protocol: udp
        port: 53
        algorithm: rr
        servers: [{name: a, address: 192.0.2.11, mac: "02:00:00:00:01:11"}]
    """

  private static func plan() throws -> Plan {
    // The device of port 1 has 02:00:00:00:00:02; that of port 0 is not asked.
    Plan(configuration: try readRight(text), portMACs: [0xffff, 0x0200_0000_0002])
  }

  /// A tick is 2^24 ns = 16.777216 ms, and a timeout is rounded up to whole ones.
  @Test func settings() throws {
    var plan = try Self.plan()
    let settings = plan.makeContents(number: 1).settings
    #expect(settings.tcpEmbryonic == 299)  // 5000 / 16.777216 = 298.02
    #expect(settings.tcpEstablished == 53_645)  // 900000 / 16.777216 = 53644.18
    #expect(settings.tcpClosing == 120)  // 2000 / 16.777216 = 119.21
    #expect(settings.udpEmbryonic == 2)
    #expect(settings.udp == 1)
    #expect(settings.quarantine == 60)  // 1000 / 16.777216 = 59.60
    #expect(settings.answersPerSecond == 7)
    #expect(settings.kernelPacketsPerSecond == 8)
    #expect(settings.embryonicShare == 40)
    #expect(settings.guardPort)
    #expect(settings.unknownDiscard)
  }

  @Test func portsAndGateways() throws {
    var plan = try Self.plan()
    let contents = plan.makeContents(number: 1)
    #expect(contents.ports.map(\.mac) == [0x0100_0000_0002, 0x0200_0000_0002])
    #expect(contents.ports.map(\.gatewayAdjacency) == [0, noIndex])
    #expect(contents.ports.map(\.mtu) == [1400, 1500])
    #expect(contents.ports.map(\.vlan) == [5, 0])
    #expect(contents.ports.map(\.side) == [.client, .server])
    #expect(contents.ports.map(\.inUse) == [true, true])
    // On the wire 02 00 00 00 00 fe | 02 00 00 00 00 01 | 81 00 00 05.
    let gateway = contents.adjacencies[0]
    #expect(gateway.header0 == 0x0002_fe00_0000_0002)
    #expect(gateway.header1 == 0x0500_0081_0100_0000)
    #expect(gateway.length == 16)
    #expect(gateway.port == 0)
    #expect(gateway.mtu == 1400)
    #expect(contents.adjacencies[1].length == 0)
  }

  @Test func servers() throws {
    var plan = try Self.plan()
    let contents = plan.makeContents(number: 1)
    #expect(contents.servers.count == 4)
    #expect((0..<4).map { plan.serverName($0) } == ["web/b", "web/a", "web/c", "dns/a"])
    #expect(contents.servers.map(\.serviceSlot) == [0, 0, 0, 1])
    #expect(contents.servers.map(\.adjacency) == [32, 33, noIndex, 35])
    #expect(contents.servers.map(\.weight) == [3, 1, 1, 1])
    #expect(contents.servers.map(\.maxSessions) == [9, 0, 0, 0])
    #expect(
      contents.servers.map(\.mac) == [
        0x1201_0000_0002, 0x1101_0000_0002, 0, 0x1101_0000_0002,
      ])
    #expect(contents.servers.map(\.labels) == [true, false, true, true])
    #expect(contents.servers.allSatisfy { $0.state == .ready && $0.health == .unknown && $0.inUse })
    #expect(contents.adjacencies.count == 36)
    // On the wire 02 00 00 00 01 12 | 02 00 00 00 00 02.
    #expect(contents.adjacencies[32].header0 == 0x0002_1201_0000_0002)
    #expect(contents.adjacencies[32].header1 == 0x0200_0000)
    #expect(contents.adjacencies[32].length == 12)
    #expect(contents.adjacencies[32].port == 1)
    #expect(contents.adjacencies[34].length == 0)
  }

  @Test func services() throws {
    var plan = try Self.plan()
    let contents = plan.makeContents(number: 9)
    #expect(contents.number == 9)
    #expect(contents.services.count == 2)
    let web = contents.services[0]
    #expect(web.inUse && !web.retired)
    #expect(web.protocolNumber == 6)
    #expect(web.lowPort == 8000 && web.highPort == 8099)
    #expect(web.algorithm == .maglev)
    #expect(web.clients == .labelled)
    #expect(web.maxSessions == 100)
    #expect(web.newSessionsPerSecond == 50)
    #expect(web.refuseWith == .icmp)
    #expect(web.maglevSize == 65_537)
    // Configuration order, not that of the names.
    #expect(plan.slots(of: web, in: contents) == [0, 1, 2])
    let dns = contents.services[1]
    #expect(dns.protocolNumber == 17)
    #expect(dns.maglevSize == UInt32(MaglevTable.fallbackSize(servers: 1)))
    #expect(plan.slots(of: dns, in: contents) == [3])

    let snapshot = contents.build()
    defer { snapshot.free(poison: false) }
    let vip = try #require(IPAddress("203.0.113.10"))
    #expect(
      snapshot.service(high: vip.high, low: vip.low, protocolNumber: 6, port: 8099) == 0)
    #expect(
      snapshot.service(high: vip.high, low: vip.low, protocolNumber: 6, port: 8100) == noIndex)
    #expect(
      snapshot.service(high: vip.high, low: vip.low, protocolNumber: 17, port: 8000) == noIndex)
  }

  /// Shares of the table follow weights 3, 1 and 1 (exactly, within one turn of each), and what
  /// takes no new session is not in it.
  @Test func tablesHoldThoseThatTakeSessions() throws {
    var plan = try Self.plan()
    plan.setNextHop(
      NextHop(port: 1, address: try #require(IPAddress("192.0.2.13"))),
      .found(MACAddress(word: 2)))
    func shares() -> [UInt16: Int] {
      let contents = plan.makeContents(number: 1)
      let web = contents.services[0]
      let first = Int(web.maglevOffset)
      return contents.maglevEntries[first..<(first + Int(web.maglevSize))]
        .reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
    var expected: [UInt16: Int] = [0: 39_322, 1: 13_107, 2: 13_108]
    var got = shares()
    for (index, share) in expected { #expect(abs((got[index] ?? 0) - share) <= 3) }

    #expect(plan.setHealth(slot: 1, .down) == true)
    got = shares()
    expected = [0: 49_153, 2: 16_384]
    #expect(got[1] == nil)
    for (index, share) in expected { #expect(abs((got[index] ?? 0) - share) <= 3) }

    try plan.set(server: "web/b", weight: nil, state: .drain)
    #expect(shares() == [2: 65_537])
    try plan.set(server: "web/c", weight: 0, state: nil)
    #expect(Set(shares().keys) == [ServiceRecord.noServer])
    #expect(plan.setHealth(slot: 1, .up) == true)
    #expect(shares() == [1: 65_537])
  }

  @Test func equalTablesAreSharedAndKept() {
    var plan = makePlan(["x: a b c", "y: a b c", "z: a b d"])
    let first = plan.makeContents(number: 1)
    #expect(first.services[0].maglevOffset == first.services[1].maglevOffset)
    #expect(first.services[0].maglevOffset != first.services[2].maglevOffset)
    #expect(
      first.maglevEntries.count == 2 * MaglevTable.fallbackSize(servers: 3))
    #expect(plan.tables.built == 2)
    let second = plan.makeContents(number: 2)
    #expect(plan.tables.built == 2)
    #expect(second.maglevEntries == first.maglevEntries)

    // Down and up again within the snapshots that tables are kept for: two builds, not four.
    for number in 3..<9 {
      #expect(plan.setHealth(slot: 0, number % 2 == 1 ? .down : .up) == true)
      _ = plan.makeContents(number: UInt64(number))
    }
    #expect(plan.tables.built == 3)
    #expect(plan.tables.tables.count == 3)
    for number in 9..<18 { _ = plan.makeContents(number: UInt64(number)) }
    #expect(plan.tables.tables.count == 2)
  }
}
