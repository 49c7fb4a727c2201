import Snapshots
import Testing
import Wire

@testable import Management

/// Reads a configuration that must be right.
func readRight(_ text: String) throws -> Configuration {
  try Configuration.read(text: text, file: "test.yaml").get()
}

/// The lines that a configuration is refused with; none if it is right.
func refusals(_ text: String, file: String = "t.yaml") -> [String] {
  switch Configuration.read(text: text, file: file) {
  case .success: []
  case .failure(let errors): errors.lines
  }
}

@Suite struct ConfigurationPageTests {
  @Test func everyValueOfThePage() throws {
    let page = try readRight(contractPage)
    #expect(page.workers == 1)
    #expect(page.sessionsPerWorker == 1_048_576)
    #expect(page.memory.hugepages == .auto)
    #expect(page.memory.mbufs == nil)
    #expect(page.admin.socket == "/run/tagline/admin.sock")
    #expect(page.metrics?.description == "127.0.0.1:9464")
    #expect(page.answersPerSecond == 1000)

    let port = try #require(page.ports.first)
    #expect(page.ports.count == 1)
    #expect(port.name == "front")
    #expect(port.device == "net_pcap0,rx_pcap=in.pcap,tx_pcap=out.pcap")
    #expect(port.side == .both)
    // The first byte on the wire is the lowest of the word.
    #expect(port.mac?.word == 0x0100_0000_0002)
    #expect(port.mtu == 1500)
    #expect(port.vlan == 0)
    #expect(port.addresses.map(\.description) == ["192.0.2.1/24"])
    #expect(port.gateway == .mac(MACAddress(word: 0xfe00_0000_0002)))

    #expect(page.labels.range == 17...1_048_573)
    // Protocol section 2: one label space holds 524,279 pairs.
    #expect(page.labels.pairCount == 524_279)
    #expect(page.labels.first == .random)
    #expect(page.labels.unknown == .analyse)
    #expect(page.labels.guard == .flow)
    #expect(page.labels.quarantine == .seconds(1))
    #expect(page.labels.embryonicShare == 25)

    #expect(page.timeouts.tcpEmbryonic == .seconds(5))
    #expect(page.timeouts.tcpEstablished == .seconds(15 * 60))
    #expect(page.timeouts.tcpClosing == .seconds(2))
    #expect(page.timeouts.udpEmbryonic == .seconds(5))
    #expect(page.timeouts.udp == .seconds(30))
  }

  @Test func everyValueOfThePagesService() throws {
    let page = try readRight(contractPage)
    let service = try #require(page.services.first)
    #expect(page.services.count == 1)
    #expect(service.name == "web")
    #expect(service.address == IPAddress("203.0.113.10"))
    #expect(service.transport == .tcp)
    #expect(service.port == Configuration.PortRange(low: 80, high: 80))
    #expect(service.algorithm == .wlc)
    #expect(service.clients == .auto)
    #expect(service.maxSessions == 100_000)
    #expect(service.newSessionsPerSecond == 0)
    #expect(service.refuseWith == .reset)

    let health = try #require(service.health)
    #expect(health.type == .http)
    #expect(health.path == "/")
    #expect(health.interval == .seconds(2))
    #expect(health.timeout == .seconds(1))
    #expect(health.rise == 2)
    #expect(health.fall == 3)

    let server = try #require(service.servers.first)
    #expect(service.servers.count == 1)
    #expect(server.name == "web1")
    #expect(server.address == IPAddress("192.0.2.11"))
    #expect(server.mac == MACAddress("02:00:00:00:01:11"))
    #expect(server.port == 0)
    #expect(server.weight == 1)
    #expect(server.labels == true)
    #expect(server.maxSessions == 0)
  }

  /// What the page offers as alternatives, each put in its place: those of a choice, and the forms
  /// of ports, addresses and gateways.
  @Test(
    arguments: [
      ("hugepages: auto ", ["required", "none"].map { "hugepages: \($0) " }),
      ("first: random ", ["first: lowest "]),
      ("unknown: analyse ", ["unknown: discard "]),
      ("guard: flow ", ["guard: port "]),
      ("protocol: tcp ", ["protocol: udp "]),
      ("    port: 80 ", ["    port: 8000-8099 ", "    port: any "]),
      (
        "algorithm: wlc ",
        ["rr", "wrr", "lc", "rt", "p2c", "maglev"].map { "algorithm: \($0) " }
      ),
      ("clients: auto ", ["clients: labelled ", "clients: plain "]),
      ("refuse-with: reset ", ["refuse-with: icmp ", "refuse-with: drop "]),
      ("type: http ", ["type: tcp ", "type: icmp "]),
      ("labels: true ", ["labels: false "]),
      ("weight: 1 ", ["weight: 0 "]),
      ("address: 203.0.113.10", ["address: 2001:db8::10"]),
      ("mac: 02:00:00:00:00:fe", ["address: 192.0.2.254"]),
      ("workers: 1 ", [" "]),
    ])
  func everyAlternativeOfThePage(shown: String, others: [String]) {
    #expect(contractPage.ranges(of: shown).count == 1)
    for other in others {
      let changed = contractPage.replacing(shown, with: other)
      #expect(refusals(changed) == [], "\(other)")
    }
  }

  /// The least that a configuration can say; all else has the page's defaults.
  @Test func defaults() throws {
    let least = try readRight(
      """
      ports: [{name: p, device: net_null0}]
      services:
        - {name: s, address: "2001:db8::1", protocol: udp, port: any, servers: [{name: a, address: 192.0.2.1, mac: "02:00:00:00:00:11"}]}
      """)
    let page = try readRight(contractPage)
    #expect(least.workers == nil)
    #expect(least.metrics == nil)
    #expect(least.sessionsPerWorker == page.sessionsPerWorker)
    #expect(least.memory == page.memory)
    #expect(least.admin == page.admin)
    #expect(least.labels == page.labels)
    #expect(least.answersPerSecond == page.answersPerSecond)
    #expect(least.timeouts == page.timeouts)
    #expect(least.ports[0].side == .both)
    #expect(least.ports[0].mtu == 1500)
    #expect(least.ports[0].gateway == nil)
    #expect(least.services[0].algorithm == .wlc)
    #expect(least.services[0].maxSessions == 0)
    #expect(least.services[0].health == nil)
    #expect(least.services[0].port.low == 0)
    #expect(least.services[0].port.high == 65_535)
    #expect(least.services[0].servers[0].weight == 1)
    #expect(least.services[0].servers[0].labels)
  }
}
