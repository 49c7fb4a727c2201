import Testing

@testable import Management

@Suite struct ConfigurationServiceErrorTests {
  private static let addresses =
    "expected an IPv4 or IPv6 unicast address such as 192.0.2.1 or 2001:db8::1"
  private static let webAddress = "  - name: web\n    address: 203.0.113.10"

  @Test(
    arguments: [
      ("224.0.0.1", "address 224.0.0.1 is a multicast address"),
      ("239.255.255.255", "address 239.255.255.255 is a multicast address"),
      ("ff02::1", "address ff02::1 is a multicast address"),
      ("0.0.0.0", "address 0.0.0.0 is the unspecified address"),
      ("'::'", "address :: is the unspecified address"),
      ("255.255.255.255", "address 255.255.255.255 is the broadcast address"),
      ("'::ffff:192.0.2.1'", "address 192.0.2.1 is an IPv4 address written as an IPv6 one"),
      ("203.0.113.256", "address is \"203.0.113.256\""),
      ("203.0.113", "address is \"203.0.113\""),
      ("example.org", "address is \"example.org\""),
      ("203.0.113.10/32", "address is \"203.0.113.10/32\""),
      ("fe80::1%eth0", "address is \"fe80::1%eth0\""),
      ("10", "address is \"10\""),
      ("[192.0.2.1]", "address is a list"),
    ]) func virtualAddresses(_ address: String, problem: String)
  {
    Spoiled(
      Self.webAddress, "  - name: web\n    address: \(address)",
      "t.yaml:18:14: \(problem); \(Self.addresses)"
    ).check()
  }

  @Test(
    arguments: [
      ("0", "is \"0\""), ("65536", "is \"65536\""), ("80-", "is \"80-\""), ("0-80", "is \"0-80\""),
      ("81-80", "is \"81-80\""), ("80-65536", "is \"80-65536\""), ("http", "is \"http\""),
      ("Any", "is \"Any\""), ("080", "is \"080\""), ("'80'", "is the text \"80\""),
      ("80,81", "is \"80,81\""), ("[80]", "is a list"), ("", "is empty"),
    ]) func servicePorts(_ port: String, problem: String)
  {
    // An empty value is placed where its key ends.
    let column = port.isEmpty ? 10 : 11
    Spoiled(
      "port: 80", "port: \(port)",
      "t.yaml:20:\(column): port \(problem); "
        + "expected a port 1 to 65535, a range such as 8000-8099, or any"
    ).check()
  }

  @Test(
    arguments: [
      Spoiled(
        "    protocol: tcp\n", "",
        "t.yaml:17:5: service has no protocol; expected protocol: tcp or udp"),
      Spoiled(
        "protocol: tcp", "protocol: sctp",
        "t.yaml:19:15: protocol is \"sctp\"; expected tcp or udp"),
      Spoiled(
        "protocol: tcp", "protocol: TCP",
        "t.yaml:19:15: protocol is \"TCP\"; expected tcp or udp"),
      Spoiled(
        "protocol: tcp", "protocol: tcp\n    algorithm: random",
        "t.yaml:20:16: algorithm is \"random\"; "
          + "expected rr, wrr, lc, wlc, rt, p2c or maglev"),
      Spoiled(
        "protocol: tcp", "protocol: tcp\n    clients: some",
        "t.yaml:20:14: clients is \"some\"; expected auto, labelled or plain"),
      Spoiled(
        "protocol: tcp", "protocol: tcp\n    refuse-with: rst",
        "t.yaml:20:18: refuse-with is \"rst\"; expected reset, icmp or drop"),
      Spoiled(
        "protocol: tcp", "protocol: tcp\n    max-sessions: 1k",
        "t.yaml:20:19: max-sessions is \"1k\"; expected a whole number, 0 to 1000000000"),
      Spoiled(
        "protocol: tcp", "protocol: tcp\n    new-sessions-per-second: 1000000001",
        "t.yaml:20:30: new-sessions-per-second is \"1000000001\"; "
          + "expected a whole number, 0 to 1000000000"),
      Spoiled(
        "name: names", "name: web",
        "t.yaml:30:11: the service name \"web\" is taken; expected another than that of line 17"),
      Spoiled(
        "type: tcp", "rise: 1",
        "t.yaml:22:7: health has no type; expected type: http, tcp or icmp"),
      Spoiled(
        "type: tcp", "{type: http, path: index.html, interval: 2, rise: 0, fall: 256}",
        "t.yaml:22:26: path is \"index.html\"; "
          + "expected a path that begins with \"/\", without spaces",
        "t.yaml:22:48: interval is \"2\"; "
          + "expected a duration such as 500ms, 15m or 1m30s, 1ms to 168h",
        "t.yaml:22:57: rise is \"0\"; expected a whole number, 1 to 255",
        "t.yaml:22:66: fall is \"256\"; expected a whole number, 1 to 255"),
      Spoiled(
        "name: web2", "name: web1",
        "t.yaml:27:15: the server name \"web1\" is taken; expected another than that of line 24"),
      Spoiled(
        "weight: 1", "weight: 65536",
        "t.yaml:26:17: weight is \"65536\"; expected a whole number, 0 to 65535"),
      Spoiled(
        "labels: true", "labels: yes",
        "t.yaml:29:17: labels is \"yes\"; expected true or false"),
      Spoiled(
        "labels: true", "labels: 'true'",
        "t.yaml:29:17: labels is the text \"true\"; expected true or false"),
      Spoiled(
        "        address: 192.0.2.12\n", "",
        "t.yaml:27:9: server has no address; expected address: the server's address"),
      Spoiled(
        "labels: true", "port: middle",
        "t.yaml:29:15: there is no port \"middle\"; expected back"),
      Spoiled(
        "labels: true", "port: front",
        "t.yaml:29:15: port \"front\" faces clients only; expected back"),
      Spoiled(
        "servers:\n      - name: a\n        address: 2001:db8::1\n        port: back",
        "servers: []",
        "t.yaml:34:14: servers is an empty list; expected a list of servers"),
    ]) func services(_ spoiled: Spoiled)
  { spoiled.check() }

  /// Where two ports face servers, an address leads to one of them or the server must name it.
  @Test func egressPorts() throws {
    func configuration(server: String) -> String {
      """
      ports:
        - {name: a, device: d0, side: both, address: [192.0.2.1/25, 2001:db8::1/33]}
        - {name: b, device: d1, side: server, address: [192.0.2.200/25, 198.51.100.1/24]}
        - {name: c, device: d2, side: server, address: [198.51.100.2/31]}
      services:
        - name: s
          address: 203.0.113.1
          protocol: tcp
          port: 1
          servers: [{name: x, \(server)}]
      """
    }
    func port(_ server: String) throws -> Int {
      try readRight(configuration(server: server)).services[0].servers[0].port
    }
    #expect(try port("address: 192.0.2.127") == 0)
    #expect(try port("address: 192.0.2.128") == 1)
    #expect(try port("address: '2001:db8:7fff::1'") == 0)
    #expect(try port("address: 198.51.100.4") == 1)
    #expect(try port("address: 198.51.100.3, port: c") == 2)
    #expect(
      refusals(configuration(server: "address: 198.51.100.3")) == [
        "t.yaml:10:15: 2 ports' prefixes hold the server's address 198.51.100.3; "
          + "expected port: b or c"
      ])
    // The 33rd bit differs.
    #expect(
      refusals(configuration(server: "address: '2001:db8:8000::1'")) == [
        "t.yaml:10:15: no port's prefixes hold the server's address 2001:db8:8000::1; "
          + "expected port: a, b or c"
      ])
  }

  /// The second service of two at one address and protocol.
  @Test(
    arguments: [
      (
        "80", "80",
        "the service of line 3 has the ports 80 of 203.0.113.1 too; expected other ports"
      ),
      (
        "any", "any",
        "the service of line 3 has the ports any of 203.0.113.1 too; expected other ports"
      ),
      (
        "80-90", "85-95",
        "the service of line 3 has some of the ports 85-95 of 203.0.113.1 too; "
          + "expected ranges apart or one within the other"
      ),
      (
        "85-95", "80-90",
        "the service of line 3 has some of the ports 85-95 of 203.0.113.1 too; "
          + "expected ranges apart or one within the other"
      ),
      (
        "80-90", "90-91",
        "the service of line 3 has some of the ports 90-91 of 203.0.113.1 too; "
          + "expected ranges apart or one within the other"
      ),
      ("80", "81", nil), ("80-90", "91-95", nil), ("80-90", "80", nil), ("80-90", "90", nil),
      ("80-90", "85-90", nil), ("any", "1-65535", nil), ("443", "any", nil),
    ] as [(String, String, String?)])
  func overlaps(first: String, second: String, problem: String?) {
    func configuration(_ address: String, _ transport: String) -> String {
      """
      ports: [{name: p, device: d}]
      services:
      - {name: a, address: 203.0.113.1, protocol: tcp, port: \(first), servers: [{name: a, address: 192.0.2.1, mac: "02:00:00:00:00:11"}]}
      - {name: b, address: \(address), protocol: \(transport), servers: [{name: a, address: 192.0.2.1, mac: "02:00:00:00:00:11"}],
         port: \(second)}
      """
    }
    #expect(
      refusals(configuration("203.0.113.1", "tcp"))
        == (problem.map { ["t.yaml:5:10: \($0)"] } ?? []))
    #expect(refusals(configuration("203.0.113.1", "udp")) == [])
    #expect(refusals(configuration("203.0.113.2", "tcp")) == [])
  }

  @Test func limits() {
    let ports = (0..<33).map { "- {name: p\($0), device: d\($0)}\n" }.joined()
    let service = "address: 203.0.113.1, protocol: tcp"
    let server = "servers: [{name: a, address: 192.0.2.1, mac: '02:00:00:00:00:11', port: p}]"
    let services = (1...8193).map { "- {name: s\($0), \(service), port: \($0), \(server)}\n" }
    #expect(
      refusals("ports: [{name: p, device: d}]\nservices:\n\(services.joined())") == [
        "t.yaml:8195:3: there are 8193 services; expected at most 8192"
      ])
    #expect(
      refusals(
        "ports:\n\(ports)services: [{name: s, \(service), port: 1, \(server)}]".replacing(
          "port: p}", with: "port: p0}")) == [
          "t.yaml:34:3: there are 33 ports; expected at most 32"
        ])
  }
}
