import Snapshots
import Testing
import Wire

@testable import Management

@Suite struct HealthConfigurationTests {
  private func read(_ health: String, port: String = "port: 80") throws -> Configuration {
    try readRight(
      rightConfiguration.replacing("port: 80\n", with: "\(port)\n").replacing(
        "type: tcp", with: health))
  }

  private let every = """
    type: http
          path: /ready
          host: www.example.org
          status: 200-204
          body: "all: is \\"well\\""
          port: 8080
          interval: 500ms
          timeout: 250ms
          rise: 1
          fall: 9
          jitter: 20
    """

  @Test func everyKey() throws {
    let configuration = try read(every)
    let health = try #require(configuration.services[0].health)
    #expect(health.type == .http && health.path == "/ready" && health.host == "www.example.org")
    #expect(health.status == 200...204 && health.body == "all: is \"well\"" && health.port == 8080)
    #expect(health.interval == .milliseconds(500) && health.timeout == .milliseconds(250))
    #expect(health.rise == 1 && health.fall == 9 && health.jitter == 20)
    #expect(try readRight(configuration.text) == configuration)
  }

  @Test func defaults() throws {
    let health = try #require(try read("type: http").services[0].health)
    #expect(health.path == "/" && health.host == nil && health.body == nil && health.port == nil)
    #expect(health.status == 200...399 && health.jitter == 10)
    #expect(try read("{type: http, status: 204}").services[0].health?.status == 204...204)
  }

  /// The service's port, the first of a range, HTTP's of a service that has all; or its own.
  @Test(
    arguments: [
      ("port: 80", "type: tcp", 80), ("port: 8000-8099", "type: tcp", 8000),
      ("port: any", "type: http", 80), ("port: any", "{type: tcp, port: 22}", 22),
      ("port: 80", "{type: http, port: 8080}", 8080),
    ] as [(String, String, UInt16)])
  func ports(service: String, health: String, expected: UInt16) throws {
    let service = try read(health, port: service).services[0]
    #expect(service.checkPort == expected)
    switch HealthCheck(service, service.servers[0].address)?.question {
    case .tcp(let port): #expect(port == expected)
    case .http(let question): #expect(question.port == expected)
    default: Issue.record("no check")
    }
  }

  /// RFC 9110 7.2: the Host of an address, with brackets round IPv6's.
  @Test func hosts() throws {
    func host(_ health: String, _ address: String) throws -> String? {
      let service = try read(health).services[0]
      let check = HealthCheck(service, try #require(IPAddress(address)))
      guard case .http(let question) = check?.question else { return nil }
      return question.host
    }
    #expect(try host("type: http", "192.0.2.1") == "192.0.2.1:80")
    #expect(try host("type: http", "2001:db8::1") == "[2001:db8::1]:80")
    #expect(try host("{type: http, host: a.example}", "192.0.2.1") == "a.example")
  }

  /// The back port's first address that is of the service's family and no service's.
  private static let backAddresses = (
    "side: server\n",
    "side: server\n    address: [203.0.113.10/32, 2001:db8::9/64, 192.0.2.250/24, 192.0.2.251/24]\n"
  )

  @Test func alongThePath() throws {
    let configuration = try readRight(
      rightConfiguration
        .replacing(Self.backAddresses.0, with: Self.backAddresses.1)
        .replacing("type: tcp", with: "{type: http, to: vip}"))
    #expect(configuration.services[0].health?.target == .vip)
    #expect(try readRight(configuration.text) == configuration)
    let virtual = try #require(IPAddress("203.0.113.10"))
    let checks = Plan(configuration: configuration, portMACs: [1, 2]).wantedChecks.map(\.check)
    #expect(checks.map(\.address) == [virtual, virtual])
    #expect(checks.map(\.port) == [80, 80])
    let source = try #require(IPAddress("192.0.2.250"))
    #expect(
      checks.map(\.source)
        == [0, 1].map {
          HealthCheck.Source(address: source, server: $0, isLabelled: true)
        })
    guard case .http(let question) = checks[0].question else {
      Issue.record("no HTTP")
      return
    }
    #expect(question.host == "203.0.113.10:80")
    // The server's own address is not asked instead.
    #expect(HealthCheck(configuration.services[0], virtual) == nil)
  }

  /// A packet of a check that a server sends back is no client's.
  @Test func nobodyComesFromThere() throws {
    let configuration = try readRight(
      rightConfiguration
        .replacing(Self.backAddresses.0, with: Self.backAddresses.1)
        .replacing("type: tcp", with: "{type: tcp, to: vip}"))
    var plan = Plan(configuration: configuration, portMACs: [1, 2])
    let snapshot = plan.makeContents(number: 1).build()
    defer { snapshot.free(poison: false) }
    func admits(_ text: String, _ service: Int) throws -> Bool {
      let client = try #require(IPAddress(text))
      return unsafe snapshot.admits(
        snapshot.services + service, clientHigh: client.high, clientLow: client.low)
    }
    for own in ["192.0.2.1", "192.0.2.250", "192.0.2.251"] { #expect(try !admits(own, 0)) }
    for client in ["192.0.2.2", "192.0.2.249", "198.51.100.1"] { #expect(try admits(client, 0)) }
    #expect(try admits("192.0.2.250", 1), "its servers are not checked so")
  }

  @Test func toTheServerUnlessAsked() throws {
    let configuration = try read("type: tcp")
    #expect(configuration.services[0].health?.target == .server)
    let checks = Plan(configuration: configuration, portMACs: [1, 2]).wantedChecks.map(\.check)
    #expect(checks.allSatisfy { $0.source == nil })
    #expect(checks.map(\.address) == ["192.0.2.11", "192.0.2.12"].map { IPAddress($0) })
  }

  /// A server's slot is a source port's worth.
  @Test func everyServerHasASourcePort() {
    let ports = Set((0..<UInt32(Plan.serverCapacity)).map { ProbePort.of(server: $0) })
    #expect(ports.count == Plan.serverCapacity && !ports.contains(0))
  }

  @Test(
    arguments: [
      Spoiled(
        "type: tcp", "{type: tcp, to: vip}",
        "t.yaml:22:23: port back has no IPv4 address of its own that checks to the vip could come "
          + "from; expected an address of the port, or to: server"),
      Spoiled(
        "type: tcp", "{type: icmp, to: vip}",
        "t.yaml:22:24: an icmp check has no port that names the server; expected type: http or tcp"
      ),
      Spoiled(
        "type: tcp", "{type: tcp, to: service}",
        "t.yaml:22:23: to is \"service\"; expected server or vip"),
      Spoiled(
        "type: tcp", "{type: http, status: 199, port: 0, jitter: 51, host: a b}",
        "t.yaml:22:28: status is \"199\"; expected a status 200 to 599, or a range 200-399",
        "t.yaml:22:39: port is \"0\"; expected a whole number, 1 to 65535",
        "t.yaml:22:50: jitter is \"51\"; expected a whole number, 0 to 50",
        "t.yaml:22:60: host is \"a b\"; expected a host such as www.example.org"),
      Spoiled(
        "type: tcp", "{type: http, status: 399-200, body: }",
        "t.yaml:22:28: status is \"399-200\"; expected a status 200 to 599, or a range 200-399",
        "t.yaml:22:43: body is empty; expected text of at most 1024 bytes"),
      Spoiled(
        "type: tcp", "{type: tcp, status: 200, host: a, body: b}",
        "t.yaml:22:27: status says nothing to a tcp check; expected type: http",
        "t.yaml:22:38: host says nothing to a tcp check; expected type: http",
        "t.yaml:22:47: body says nothing to a tcp check; expected type: http"),
      Spoiled(
        "type: tcp", "{type: icmp, port: 80}",
        "t.yaml:22:26: port says nothing to an icmp check; expected type: http or tcp"),
      Spoiled(
        "port: 80\n", "port: any\n",
        "t.yaml:22:7: health has no port, and the service has every port; "
          + "expected port: a port 1 to 65535"),
    ])
  func errors(_ spoiled: Spoiled) { spoiled.check() }
}
