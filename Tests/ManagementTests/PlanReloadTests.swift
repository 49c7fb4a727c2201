import Snapshots
import Testing
import Wire

@testable import Management

@Suite struct PlanReloadTests {
  @Test func aServerThatLeftIsDrainedAndKeepsItsSlot() throws {
    var plan = makePlan(["web: a b c"])
    try plan.apply(planned(["web: c a"]))
    let contents = plan.makeContents(number: 2)
    #expect(plan.slots(of: contents.services[0], in: contents) == [2, 0])
    let gone = contents.servers[1]
    #expect(gone.inUse && gone.weight == 0 && gone.state == .drain && gone.serviceSlot == 0)
    #expect(gone.adjacency == 33)
    #expect(contents.adjacencies[33].destination == serverNamed("b").mac?.word)
    #expect(!gone.takesNewSessions)
    #expect(plan.retiredServerSlots == [1])
    #expect(plan.server(slot: 1)?.retired == true)
    #expect(plan.server(slot: 1)?.address == serverNamed("b").address)
    #expect(plan.service(slot: 0)?.serverSlots == [2, 0, 1])

    // A new one does not get the slot before it is released.
    try plan.apply(planned(["web: c a d"]))
    #expect(plan.serverSlot(named: "web/d") == 3)
    #expect(plan.release(serverSlot: 1) == true)
    #expect(plan.retiredServerSlots == [])
    let released = plan.makeContents(number: 3)
    #expect(!released.servers[1].inUse)
    #expect(released.adjacencies[33].length == 0)
    #expect(plan.serverName(1) == nil)
    try plan.apply(planned(["web: c a d e"]))
    #expect(plan.serverSlot(named: "web/e") == 1)
  }

  @Test func onlyRetiredSlotsAreReleased() throws {
    var plan = makePlan(["web: a b", "dns: a"])
    #expect(plan.release(serverSlot: 0) == false)
    #expect(plan.release(serviceSlot: 0) == false)
    #expect(plan.release(serverSlot: 99) == false)
    #expect(plan.release(serviceSlot: 99) == false)
    try plan.apply(planned(["web: a b"]))
    // Its server has a slot yet.
    #expect(plan.release(serviceSlot: 1) == false)
    #expect(plan.release(serverSlot: 2) == true)
    #expect(plan.release(serverSlot: 2) == false)
    #expect(plan.release(serviceSlot: 1) == true)
    #expect(plan.release(serviceSlot: 1) == false)
    #expect(plan.retiredServiceSlots == [])
  }

  @Test func aServerThatComesBackHasItsSlot() throws {
    var plan = makePlan(["web: a b"])
    try plan.set(server: "web/b", weight: 5, state: .maint)
    try plan.apply(planned(["web: a"]))
    #expect(plan.server(slot: 1)?.state == .drain)
    try plan.apply(planned(["web: a b"]))
    #expect(plan.retiredServerSlots == [])
    let back = try #require(plan.server(slot: 1))
    #expect(back.name == "b" && !back.retired && back.weight == 1 && back.state == .ready)
  }

  @Test func aServiceThatLeftKeepsItsRecordWithoutItsAddress() throws {
    var plan = makePlan(["web: a", "dns: a b"])
    try plan.apply(planned(["web: a"]))
    #expect(plan.retiredServiceSlots == [1])
    #expect(plan.serviceSlots == [0])
    let contents = plan.makeContents(number: 2)
    #expect(contents.services[1].inUse && contents.services[1].retired)
    #expect(contents.services[1].serverCount == 0)
    #expect(contents.servers[1].serviceSlot == 1 && contents.servers[1].state == .drain)
    let snapshot = contents.build()
    defer { snapshot.free(poison: false) }
    let vip = try #require(IPAddress("203.0.113.1"))
    #expect(snapshot.service(high: vip.high, low: vip.low, protocolNumber: 6, port: 1) == 0)
    #expect(snapshot.service(high: vip.high, low: vip.low, protocolNumber: 6, port: 2) == noIndex)

    // Another service may have its address at once, and it comes back to its slot.
    try plan.apply(planned(["web: a", "new: a"]))
    let again = plan.makeContents(number: 3).build()
    defer { again.free(poison: false) }
    #expect(again.service(high: vip.high, low: vip.low, protocolNumber: 6, port: 2) == 2)
    try plan.apply(planned(["dns: b a", "web: a"]))
    #expect(plan.serviceSlots == [1, 0])
    #expect(plan.retiredServiceSlots == [2])
    #expect(plan.service(slot: 1)?.serverSlots == [2, 1])
    #expect(plan.server(slot: 1)?.weight == 1)
  }

  @Test func aServerWhoseMACChangesIsTheSame() throws {
    var checked = planned(["web: a b"])
    checked.services[0].health = Configuration.Health()
    var plan = Plan(configuration: checked, portMACs: [0x0100_0000_0002])
    #expect(plan.setHealth(slot: 0, .down) == true)
    #expect(plan.setHealth(slot: 1, .down) == true)
    var other = checked
    other.services[0].servers[0].mac = MACAddress("02:00:00:00:09:09")
    try plan.apply(other)
    let contents = plan.makeContents(number: 2)
    #expect(contents.adjacencies[32].destination == 0x0909_0000_0002)
    #expect(contents.servers.map(\.health) == [.down, .down])
    #expect(plan.retiredServerSlots == [])
    // Without checks nothing is known of anybody.
    other.services[0].health = nil
    try plan.apply(other)
    #expect(plan.makeContents(number: 3).servers.map(\.health) == [.unknown, .unknown])
  }

  /// 10.0.0.`host`, reached by a MAC address of the same number.
  private func configured(_ servers: [(name: String, host: UInt32)]) -> Configuration {
    var configuration = planned(["web: a"])
    configuration.services[0].health = Configuration.Health()
    configuration.services[0].servers = servers.map { name, host in
      var server = serverNamed(name)
      server.address = IPAddress(ipv4Word: 0x0000_000a | host << 24)
      server.mac = MACAddress(word: 0x02 | UInt64(host) << 40)
      return server
    }
    return configuration
  }

  @Test func aServerWhoseAddressChangesIsAnother() throws {
    var plan = Plan(configuration: configured([("a", 1), ("b", 2)]), portMACs: [2])
    #expect(plan.setHealth(slot: 0, .down) == true)
    try plan.set(server: "web/a", weight: 5, state: .maint)
    try plan.apply(configured([("a", 3), ("b", 2)]))
    let contents = plan.makeContents(number: 2)
    #expect(plan.slots(of: contents.services[0], in: contents) == [2, 1])
    // The old one as any that left, with its own way and health.
    #expect(plan.retiredServerSlots == [0])
    #expect(contents.servers[0].state == .drain && contents.servers[0].weight == 0)
    #expect(contents.servers[0].health == .down)
    #expect(contents.adjacencies[32].destination == 0x0100_0000_0002)
    let old = try #require(plan.server(slot: 0))
    #expect(old.name == "a/10.0.0.1" && old.retired && old.service == "web")
    // The new one has nothing of it.
    let new = try #require(plan.server(slot: 2))
    #expect(new.name == "a" && new.address == IPAddress("10.0.0.3") && !new.retired)
    #expect(new.health == .unknown && new.state == .ready && new.weight == 1)
    #expect(contents.adjacencies[34].destination == 0x0300_0000_0002)
    // A name of each.
    #expect(plan.serverName(0) == "web/a/10.0.0.1" && plan.serverName(2) == "web/a")
    #expect(plan.serverSlot(named: "web/a/10.0.0.1") == 0 && plan.serverSlot(named: "web/a") == 2)
    #expect(try plan.set(server: "web/a", weight: nil, state: .drain) == 2)
    #expect(try plan.set(server: "web/a/10.0.0.1", weight: nil, state: .maint) == 0)
    #expect(plan.makeContents(number: 3).servers.map(\.state) == [.maint, .ready, .drain])

    // Both are retired, then both released, in either's order.
    try plan.apply(configured([("b", 2)]))
    #expect(plan.retiredServerSlots == [0, 2])
    #expect(plan.release(serverSlot: 2) == true)
    #expect(plan.serverName(0) == "web/a/10.0.0.1" && plan.serverSlot(named: "web/a") == nil)
    // Its name is free, but it is another server than the one that gets it.
    try plan.apply(configured([("a", 4), ("b", 2)]))
    #expect(plan.serverSlot(named: "web/a") == 2 && plan.serverName(0) == "web/a/10.0.0.1")
    #expect(plan.release(serverSlot: 0) == true)
    #expect(plan.serverSlot(named: "web/a/10.0.0.1") == nil)
  }

  /// As one that leaves and comes back.
  @Test func aServerWhoseAddressComesBackHasItsSlot() throws {
    var plan = Plan(configuration: configured([("a", 1), ("b", 2)]), portMACs: [2])
    try plan.apply(configured([("a", 3), ("b", 2)]))
    try plan.apply(configured([("a", 1), ("b", 2)]))
    #expect(plan.serverSlot(named: "web/a") == 0 && plan.retiredServerSlots == [2])
    #expect(plan.serverName(2) == "web/a/10.0.0.3")
    // Two that change places: each has the other's name, and sessions with their own host.
    try plan.apply(configured([("a", 2), ("b", 1)]))
    let contents = plan.makeContents(number: 2)
    #expect(plan.slots(of: contents.services[0], in: contents) == [3, 4])
    #expect(plan.retiredServerSlots == [2, 0, 1])
    #expect(
      (0..<5).map { plan.serverName($0) } == [
        "web/a/10.0.0.1", "web/b/10.0.0.2", "web/a/10.0.0.3", "web/a", "web/b",
      ])
    #expect(contents.servers.map(\.mac) == [1, 2, 3, 2, 1].map { 0x02 | $0 << 40 })
  }

  @Test func aServerThatMovesTakesASlotMore() throws {
    var plan = Plan(
      configuration: configured([("a", 1), ("b", 2)]), portMACs: [2], serviceCapacity: 1,
      serverCapacity: 3)
    let error = #expect(throws: PlanError.self) {
      try plan.apply(configured([("a", 3), ("b", 4)]))
    }
    #expect(
      error?.lines == [
        "servers: 2 new ones find no room beside 2, those included that left and still "
          + "have sessions; leave some out first, or try again later"
      ])
    #expect(plan.server(slot: 0)?.address == IPAddress("10.0.0.1"))
    try plan.apply(configured([("a", 3), ("b", 2)]))
    #expect(plan.serverSlot(named: "web/a") == 2)
  }

  @Test func whatAnOperatorSetSurvives() throws {
    var plan = makePlan(["web: a b c"])
    try plan.set(server: "web/a", weight: 7, state: nil)
    try plan.set(server: "web/b", weight: 8, state: .maint)
    var other = planned(["web: a b c"])
    other.services[0].servers[1].weight = 4
    other.services[0].algorithm = .rr
    try plan.apply(other)
    let servers = plan.makeContents(number: 2).servers
    // b's configured weight changed and holds again; its state is not the configuration's.
    #expect(servers.map(\.weight) == [7, 4, 1])
    #expect(servers.map(\.state) == [.ready, .maint, .ready])
    try plan.set(server: "web/b", weight: nil, state: .ready)
    #expect(plan.server(slot: 1)?.state == .ready)
  }

  @Test func settingAServer() throws {
    var plan = makePlan(["web: a b"])
    let slot = try plan.set(server: "web/b", weight: nil, state: .drain)
    #expect(slot == 1)
    #expect(plan.server(slot: 1)?.state == .drain && plan.server(slot: 1)?.weight == 1)
    func refusal(_ server: String, _ weight: UInt32?, _ state: ServerState?) -> [String] {
      do {
        try plan.set(server: server, weight: weight, state: state)
        return []
      } catch {
        return error.lines
      }
    }
    #expect(refusal("web/x", 1, nil) == ["there is no server \"web/x\""])
    #expect(refusal("web", 1, nil) == ["there is no server \"web\""])
    #expect(refusal("web/a", 65_536, nil) == ["weight is 65536; expected 0 to 65535"])
    #expect(refusal("web/a", 65_535, nil) == [])

    try plan.apply(planned(["web: a"]))
    let left = "server web/b has left the configuration; it can only be set to drain or maint"
    #expect(refusal("web/b", 1, nil) == [left])
    #expect(refusal("web/b", nil, .ready) == [left])
    #expect(refusal("web/b", nil, .maint) == [])
    #expect(plan.makeContents(number: 1).servers[1].state == .maint)
    #expect(plan.makeContents(number: 1).servers[1].weight == 0)
  }

  @Test func healthIsNewsOnce() {
    var plan = makePlan(["web: a"])
    #expect(plan.setHealth(slot: 0, .unknown) == false)
    #expect(plan.setHealth(slot: 0, .up) == true)
    #expect(plan.setHealth(slot: 0, .up) == false)
    #expect(plan.setHealth(slot: 1, .up) == false)
  }

  /// Each thing that is fixed while the appliance runs, with the line that says so.
  @Test func whatNeedsARestart() throws {
    let changes: [(String, @Sendable (inout Configuration) -> Void)] = [
      ("workers: the default cannot become 2", { $0.workers = 2 }),
      ("sessions-per-worker: 1048576 cannot become 9", { $0.sessionsPerWorker = 9 }),
      ("memory.hugepages: auto cannot become none", { $0.memory.hugepages = .none }),
      ("memory.mbufs: the default cannot become 4096", { $0.memory.mbufs = 4096 }),
      ("admin.socket: /run/tagline/admin.sock cannot become /s", { $0.admin.socket = "/s" }),
      ("labels.range: 17-1048573 cannot become 17-19", { $0.labels.range = 17...19 }),
      ("labels.first: random cannot become lowest", { $0.labels.first = .lowest }),
      ("ports: p0, p1 cannot become p1, p0", { $0.ports.swapAt(0, 1) }),
      ("ports: p0, p1 cannot become p0", { $0.ports.removeLast() }),
      ("port p1: device: net_null1 cannot become x", { $0.ports[1].device = "x" }),
      ("port p1: side: both cannot become server", { $0.ports[1].side = .server }),
      (
        "port p0: mac: the device's own cannot become 02:00:00:00:00:09",
        { $0.ports[0].mac = MACAddress("02:00:00:00:00:09") }
      ),
      ("port p0: mtu: 1500 cannot become 1400", { $0.ports[0].mtu = 1400 }),
      ("port p0: vlan: 0 cannot become 7", { $0.ports[0].vlan = 7 }),
      (
        "port p0: address: none cannot become 192.0.2.1/24",
        { $0.ports[0].addresses = [AddressPrefix("192.0.2.1/24")].compactMap { $0 } }
      ),
    ]
    let right = planned(["web: a b"], ports: 2)
    var both = right
    both.services = planned(["web: a", "dns: a"]).services
    for (line, change) in changes {
      var plan = Plan(configuration: right, portMACs: [2, 4])
      var other = both
      change(&other)
      let error = #expect(throws: PlanError.self) { try plan.apply(other) }
      #expect(error?.lines == ["\(line) without a restart"])
      // All or nothing.
      #expect(plan.configuration == right)
      #expect(plan.serverName(1) == "web/b" && plan.server(slot: 1)?.retired == false)
      #expect(plan.serviceSlot(named: "dns") == nil)
    }
  }

  @Test func whatChangesWhileRunning() throws {
    var plan = makePlan(["web: a"])
    var other = planned(["web: a"])
    other.labels.guard = .port
    other.labels.unknown = .discard
    other.labels.quarantine = .seconds(2)
    other.labels.embryonicShare = 3
    other.answersPerSecond = 4
    other.timeouts.udp = .seconds(1)
    other.ports[0].gateway = .mac(MACAddress(word: 0x0600_0000_0002))
    try plan.apply(other)
    let contents = plan.makeContents(number: 2)
    #expect(contents.settings.guardPort && contents.settings.unknownDiscard)
    #expect(contents.settings.quarantine == 120)  // 2000 / 16.777216 = 119.21
    #expect(contents.settings.embryonicShare == 3)
    #expect(contents.settings.answersPerSecond == 4)
    #expect(contents.settings.udp == 60)
    #expect(contents.ports[0].gatewayAdjacency == 0)
    #expect(contents.adjacencies[0].destination == 0x0600_0000_0002)
  }

  @Test func noSlotFree() throws {
    var plan = Plan(
      configuration: planned(["web: a b c", "dns: a"]), portMACs: [2], serviceCapacity: 2,
      serverCapacity: 4)
    try plan.apply(planned(["web: a"]))
    let before = plan.configuration
    let error = #expect(throws: PlanError.self) {
      try plan.apply(planned(["web: a x", "new: y"]))
    }
    #expect(
      error?.lines == [
        "services: 1 new ones find no room beside 2, those included that left and still "
          + "have sessions; leave some out first, or try again later",
        "servers: 2 new ones find no room beside 4, those included that left and still "
          + "have sessions; leave some out first, or try again later",
      ])
    #expect(plan.configuration == before)
    #expect(plan.release(serverSlot: 3) == true)
    #expect(plan.release(serviceSlot: 1) == true)
    #expect(plan.release(serverSlot: 2) == true)
    try plan.apply(planned(["web: a x", "new: y"]))
    #expect(plan.serverSlot(named: "web/b") == 1)
    #expect(Set(["web/x", "new/y"].compactMap { plan.serverSlot(named: $0) }) == [2, 3])
  }
}
