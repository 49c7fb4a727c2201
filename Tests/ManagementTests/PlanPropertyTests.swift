import Snapshots
import TestSupport
import Testing
import Wire

@testable import Management

@Suite struct PlanPropertyTests {
  /// Random reloads and releases against dictionaries: a service by name, and a server by name and
  /// address, keeps its slot from the reload that brings it to its release, no slot has two names, and
  /// the records say who is configured.
  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
  func slotsStay(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    var plan = makePlan(["s0: a"])
    var services: [String: UInt32] = ["s0": 0]
    var servers = ["s0/a/\(serverNamed("a").address)": UInt32(0)]
    for step in 1...200 {
      let texts = (0..<6).shuffled(using: &random).prefix(Int.random(in: 1...6, using: &random))
        .map { index in
          let names = ["a", "b", "c", "d", "e"].shuffled(using: &random)
            .prefix(Int.random(in: 1...5, using: &random))
          return "s\(index): \(names.joined(separator: " "))"
        }
      var configuration = planned(texts)
      for service in configuration.services.indices {
        for server in configuration.services[service].servers.indices
        where Int.random(in: 0..<4, using: &random) == 0 {
          configuration.services[service].servers[server].address = IPAddress(ipv4Word: 7)
        }
      }
      try plan.apply(configuration)
      let contents = plan.makeContents(number: UInt64(step))
      check(plan, contents, configuration, &services, &servers)

      for slot in plan.retiredServerSlots where Bool.random(using: &random) {
        let identity = try #require(plan.server(slot: slot).map(Self.identity))
        #expect(plan.release(serverSlot: slot) == true)
        #expect(servers.removeValue(forKey: identity) == slot)
      }
      for slot in plan.retiredServiceSlots {
        let name = try #require(plan.serviceName(slot))
        let isEmpty = !servers.keys.contains { $0.hasPrefix("\(name)/") }
        #expect(plan.release(serviceSlot: slot) == isEmpty)
        if isEmpty { #expect(services.removeValue(forKey: name) == slot) }
      }
    }
  }

  /// What a server is known by: a name that another has got holds the address already.
  private static func identity(_ server: Plan.ServerView) -> String {
    let name = server.name.split(separator: "/")[0]
    return "\(server.service)/\(name)/\(server.address)"
  }

  private func check(
    _ plan: Plan, _ contents: SnapshotContents, _ configuration: Configuration,
    _ services: inout [String: UInt32], _ servers: inout [String: UInt32]
  ) {
    var configured: Set<UInt32> = []
    for (service, slot) in zip(configuration.services, plan.serviceSlots) {
      #expect(services[service.name] ?? slot == slot)
      services[service.name] = slot
      let record = contents.services[Int(slot)]
      #expect(record.inUse && !record.retired && record.lowPort == service.port.low)
      let slots = plan.slots(of: record, in: contents)
      #expect(slots.count == service.servers.count)
      for (server, serverSlot) in zip(service.servers, slots) {
        let identity = "\(service.name)/\(server.name)/\(server.address)"
        #expect(servers[identity] ?? serverSlot == serverSlot)
        servers[identity] = serverSlot
        #expect(plan.serverName(serverSlot) == "\(service.name)/\(server.name)")
        configured.insert(serverSlot)
        #expect(contents.servers[Int(serverSlot)].takesNewSessions)
        #expect(contents.servers[Int(serverSlot)].serviceSlot == slot)
        #expect(contents.servers[Int(serverSlot)].mac == server.mac?.word)
      }
    }
    #expect(Set(servers.values).count == servers.count)
    #expect(Set(services.values).count == services.count)
    for (identity, slot) in servers {
      let name = plan.serverName(slot) ?? ""
      #expect(plan.serverSlot(named: name) == slot && "\(identity)/".hasPrefix("\(name)/"))
      #expect(plan.server(slot: slot).map(Self.identity) == identity)
      let record = contents.servers[Int(slot)]
      #expect(record.inUse)
      #expect(record.takesNewSessions == configured.contains(slot))
    }
    #expect(contents.servers.count { $0.inUse } == servers.count)
    #expect(contents.services.count { $0.inUse } == services.count)
    #expect(
      Set(plan.retiredServerSlots) == Set(servers.values).subtracting(configured))
    #expect(
      Set(plan.retiredServiceSlots) == Set(services.values).subtracting(plan.serviceSlots))
    // At most 30 names of two addresses live at once, so that released slots must have been given
    // again.
    #expect(contents.servers.count <= 60 && contents.services.count <= 6)
  }

  /// 1,000 services of 32 servers from text to snapshot. The times are printed, not judged.
  @Test func aThousandServices() throws {
    var text = "ports: [{name: p, device: d}]\nservices:\n"
    for service in 0..<1000 {
      text += "- name: s\(service)\n  address: 203.0.\(service / 250).\(service % 250 + 1)\n"
      text += "  protocol: tcp\n  port: 80\n  servers:\n"
      for server in 0..<32 {
        text += "  - {name: h\(service)-\(server), address: 10.0.\(service % 250).\(server + 1), "
        text += "mac: \"02:00:00:00:00:\(10 + server)\"}\n"
      }
    }
    let clock = ContinuousClock()
    var configuration = Configuration()
    let reading = try clock.measure { configuration = try readRight(text) }
    var plan: Plan?
    let planning = clock.measure { plan = Plan(configuration: configuration, portMACs: [2]) }
    var contents = SnapshotContents()
    let making = clock.measure { contents = plan?.makeContents(number: 1) ?? contents }
    var snapshot: Snapshot?
    let building = clock.measure { snapshot = contents.build() }
    let remaking = clock.measure { contents = plan?.makeContents(number: 2) ?? contents }
    print("read \(reading), plan \(planning), make \(making), build \(building), again \(remaking)")

    let built = try #require(snapshot)
    defer { built.free(poison: false) }
    #expect(built.serviceCount == 1000)
    #expect(built.serverCount == 32_000)
    #expect(built.adjacencyCount == 32_032)
    for index in 0..<1000 {
      let address = try #require(IPAddress("203.0.\(index / 250).\(index % 250 + 1)"))
      let slot = built.service(
        high: address.high, low: address.low, protocolNumber: 6, port: 80)
      #expect(slot == UInt32(index))
      let record = built.services + index
      #expect(record.pointee.serverCount == 32)
      #expect(built.slots(of: record)[31] == UInt32(index * 32 + 31))
      let table = built.maglevEntries + Int(record.pointee.maglevOffset)
      #expect(Set((0..<Int(record.pointee.maglevSize)).map { table[$0] }) == Set(0..<32))
    }
  }
}
