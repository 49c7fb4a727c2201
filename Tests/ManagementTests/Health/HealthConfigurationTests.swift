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

  @Test(
    arguments: [
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
