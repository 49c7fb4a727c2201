import Testing

@testable import Management

/// A right configuration of which each case spoils something. The numbers are those of its lines.
let rightConfiguration = """
  workers: 2
  labels:
    range: 17-1001
    quarantine: 1s
  ports:
    - name: front
      device: net_null0
      side: client
      mac: 02:00:00:00:00:01
      address: [192.0.2.1/24]
    - name: back
      device: net_null1
      side: server
      gateway:
        mac: 02:00:00:00:00:fe
  services:
    - name: web
      address: 203.0.113.10
      protocol: tcp
      port: 80
      health:
        type: tcp
      servers:
        - name: web1
          address: 192.0.2.11
          weight: 1
        - name: web2
          address: 192.0.2.12
          labels: true
    - name: names
      address: 203.0.113.10
      protocol: udp
      port: 53
      servers:
        - name: a
          address: 2001:db8::1
          port: back
  """

struct Spoiled: Sendable, CustomTestStringConvertible {
  var old: String
  var new: String
  var lines: [String]

  init(_ old: String, _ new: String, _ lines: String...) {
    self.old = old
    self.new = new
    self.lines = lines
  }

  var testDescription: String { new }

  func check() {
    #expect(rightConfiguration.ranges(of: old).count == 1, "the case must spoil one place")
    #expect(refusals(rightConfiguration.replacing(old, with: new)) == lines)
  }
}
