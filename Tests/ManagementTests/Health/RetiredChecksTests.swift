import Snapshots
import Testing
import Wire

@testable import Management

/// Servers that left the configuration are checked until their slots are released.
@Suite struct RetiredChecksTests {
  private func configured(_ services: [String], timeout: Duration? = .seconds(1)) -> Configuration {
    var configuration = planned(services)
    for index in configuration.services.indices {
      guard let timeout else { continue }
      var health = Configuration.Health()
      health.type = .tcp
      health.timeout = timeout
      configuration.services[index].health = health
    }
    return configuration
  }

  /// The servers that are checked, each with its address and its check's timeout.
  private func checked(_ plan: Plan) -> [String] {
    plan.wantedChecks.map { wanted in
      "\(plan.serverName(wanted.slot) ?? "?") \(wanted.check.address) \(wanted.check.timeout)"
    }
  }

  private func address(_ name: String) -> IPAddress { serverNamed(name).address }

  @Test func aServerThatLeft() throws {
    var plan = Plan(configuration: configured(["web: a b"]), portMACs: [2])
    _ = plan.setHealth(slot: 1, .up)
    // As its service's others are checked now.
    try plan.apply(configured(["web: a"], timeout: .milliseconds(500)))
    #expect(
      checked(plan) == [
        "web/a \(address("a")) 0.5 seconds", "web/b \(address("b")) 0.5 seconds",
      ])
    #expect(plan.wantedChecks.map(\.health) == [.unknown, .up])
    #expect(plan.setHealth(slot: 1, .down) == true)
    #expect(plan.makeContents(number: 2).servers[1].health == .down)
    #expect(plan.release(serverSlot: 1) == true)
    #expect(checked(plan) == ["web/a \(address("a")) 0.5 seconds"])
  }

  @Test func aServerWhoseNameMovedOn() throws {
    var plan = Plan(configuration: configured(["web: a"]), portMACs: [2])
    var other = configured(["web: a"])
    other.services[0].servers[0].address = IPAddress(ipv4Word: 0x0900_000a)
    try plan.apply(other)
    #expect(
      checked(plan) == [
        "web/a 10.0.0.9 1.0 seconds", "web/a/\(address("a")) \(address("a")) 1.0 seconds",
      ])
  }

  @Test func aServiceThatLeft() throws {
    var plan = Plan(
      configuration: configured(["web: a", "dns: b"], timeout: .milliseconds(300)), portMACs: [2])
    try plan.apply(configured(["web: a"]))
    #expect(
      checked(plan) == [
        "web/a \(address("a")) 1.0 seconds", "dns/b \(address("b")) 0.3 seconds",
      ])
    #expect(plan.release(serverSlot: 1) == true && plan.release(serviceSlot: 1) == true)
    #expect(checked(plan) == ["web/a \(address("a")) 1.0 seconds"])
  }

  /// What nobody asks any more is not known.
  @Test func aServiceWhoseChecksEnd() throws {
    var plan = Plan(configuration: configured(["web: a b"]), portMACs: [2])
    _ = plan.setHealth(slot: 0, .down)
    _ = plan.setHealth(slot: 1, .down)
    try plan.apply(configured(["web: a"], timeout: nil))
    #expect(checked(plan) == [])
    #expect(plan.makeContents(number: 2).servers.map(\.health) == [.unknown, .unknown])
  }
}
