import Testing

@testable import Management

@Suite struct AdmissionConfigurationTests {
  private func text(_ lines: String, address: String = "203.0.113.10") -> String {
    """
    ports: [{name: p, device: d}]
    services:
    - name: s
      address: "\(address)"
      protocol: tcp
      port: 80
      servers: [{name: a, address: 192.0.2.1, mac: "02:00:00:00:00:01"}]
    \(lines)
    """
  }

  @Test func everyKeyIsReadAndShown() throws {
    let configuration = try readRight(
      text(
        """
          slow-start: 30s
          on-down: reset
          new-sessions-per-client: {rate: 20, prefix-ipv4: 24, prefix-ipv6: 56}
          allow: [10.0.0.0/8, 192.0.2.0/24]
          deny: [10.1.0.0/16]
        """))
    let service = configuration.services[0]
    #expect(service.slowStart == .seconds(30))
    #expect(service.onDown == .reset)
    #expect(service.clientLimit?.rate == 20)
    #expect(service.clientLimit?.prefixIPv4 == 24)
    #expect(service.clientLimit?.prefixIPv6 == 56)
    #expect(service.allow.map(\.description) == ["10.0.0.0/8", "192.0.2.0/24"])
    #expect(service.deny.map(\.description) == ["10.1.0.0/16"])
    #expect(try readRight(configuration.text) == configuration)
    var plan = Plan(configuration: configuration, portMACs: [2])
    let record = plan.makeContents(number: 1).services[0]
    #expect(record.newSessionsPerClient == 20)
    #expect(record.clientPrefix == 120)
    #expect(record.onDown == .reset)
  }

  @Test func defaults() throws {
    let plain = try readRight(text("")).services[0]
    #expect(plain.clientLimit == nil && plain.allow.isEmpty && plain.deny.isEmpty)
    #expect(plain.onDown == .keep && plain.slowStart == .zero)
    let limit = try readRight(text("  new-sessions-per-client: {rate: 1}")).services[0].clientLimit
    #expect(limit?.prefixIPv4 == 32 && limit?.prefixIPv6 == 64)
  }

  /// Requests are timed where the algorithm asks for them, or the key does.
  @Test func responseSamples() throws {
    func samples(_ lines: String) throws -> Int {
      let configuration = try readRight(text(lines))
      #expect(try readRight(configuration.text) == configuration)
      var plan = Plan(configuration: configuration, portMACs: [2])
      let service = configuration.services[0]
      let record = plan.makeContents(number: 1).services[0]
      #expect(Int(record.responseSamples) == service.responseSamples)
      #expect(record.refuseWith == service.refuseWith && record.onDown == service.onDown)
      return service.responseSamples
    }
    for algorithm in ["rr", "wrr", "lc", "wlc", "maglev"] {
      #expect(try samples("  algorithm: \(algorithm)") == 0)
    }
    #expect(try samples("  algorithm: rt") == 1)
    #expect(try samples("  algorithm: p2c") == 1)
    #expect(try samples("  algorithm: p2c\n  response-samples: 0") == 0)
    for answer in ["reset", "icmp", "drop"] {
      for action in ["keep", "reset"] {
        let lines = "  response-samples: 100\n  refuse-with: \(answer)\n  on-down: \(action)"
        #expect(try samples(lines) == 100)
      }
    }
  }

  @Test(arguments: [
    (
      "  new-sessions-per-client: {}",
      "8:28: new-sessions-per-client has no rate; expected rate: a whole number, 1 to 1000000"
    ),
    (
      "  new-sessions-per-client: {rate: 0}",
      "8:35: rate is \"0\"; expected a whole number, 1 to 1000000"
    ),
    (
      "  new-sessions-per-client: {rate: 1, prefix-ipv4: 33}",
      "8:51: prefix-ipv4 is \"33\"; expected a whole number, 1 to 32"
    ),
    (
      "  allow: []",
      "8:10: allow is an empty list; expected a list of prefixes such as 192.0.2.0/24"
    ),
    (
      "  deny: [192.0.2.1]",
      "8:10: a prefix of deny is \"192.0.2.1\"; expected a prefix such as 192.0.2.0/24"
    ),
    (
      "  deny: [\"2001:db8::/32\"]",
      "8:10: 2001:db8::/32 is not of the service's address family; "
        + "expected a prefix such as 192.0.2.0/24"
    ),
    (
      "  response-samples: 101",
      "8:21: response-samples is \"101\"; expected a whole number, 0 to 100"
    ),
    (
      "  response-samples: 0.5",
      "8:21: response-samples is \"0.5\"; expected a whole number, 0 to 100"
    ),
    ("  on-down: drop", "8:12: on-down is \"drop\"; expected keep or reset"),
    (
      "  slow-start: 5",
      "8:15: slow-start is \"5\"; expected a duration such as 500ms, 15m or 1m30s, 0s to 168h"
    ),
  ])
  func errors(lines: String, expected: String) {
    #expect(refusals(text(lines)) == ["t.yaml:\(expected)"])
  }
}
