import Snapshots

extension Plan {
  /// Puts another configuration in place of the one that holds, all of it or, with an error, none.
  ///
  /// Servers and services that are no longer in it are retired. What `set` changed of a server
  /// stays, but for a weight whose configured value changed, and unless the server left. Health
  /// stays as long as the server does and its service has checks. A server that joins a service which
  /// was there before starts slowly. One with another address leaves, and another joins.
  ///
  /// - Throws: what needs a restart, or that no slot is free
  public mutating func apply(
    _ other: Configuration, now: ContinuousClock.Instant = .now
  ) throws(PlanError) {
    var lines = Self.restartReasons(from: configuration, to: other)
    lines += missingSlots(for: other)
    guard lines.isEmpty else { throw PlanError(lines: lines) }
    let known = wantedNextHops
    let former = Dictionary(
      uniqueKeysWithValues: serviceSlots.map { ($0, Set(services[$0]?.serverSlots ?? [])) })
    configuration = other
    assignSlots()
    for (service, members) in former {
      for slot in services[service]?.serverSlots ?? [] where !members.contains(slot) {
        beginRise(of: slot, now: now)
      }
    }
    for hop in wantedNextHops.subtracting(known) { nextHops[hop] = .awaited }
  }

  private func missingSlots(for other: Configuration) -> [String] {
    var newServices = 0
    var newServers = 0
    for service in other.services {
      if services.slot(named: service.name) == nil { newServices += 1 }
      newServers += service.servers.count { slot(of: $0, service: service.name) == nil }
    }
    var lines: [String] = []
    if services.count + newServices > services.capacity {
      lines.append(
        "services: \(newServices) new ones find no room beside \(services.count), those "
          + "included that left and still have sessions; leave some out first, or try again later")
    }
    if servers.count + newServers > servers.capacity {
      lines.append(
        "servers: \(newServers) new ones find no room beside \(servers.count), those "
          + "included that left and still have sessions; leave some out first, or try again later")
    }
    return lines
  }

  /// Gives every configured service and server its slot, and retires the others.
  mutating func assignSlots() {
    let former = serviceSlots
    serviceSlots = configuration.services.map { assign($0) }
    let current = Set(serviceSlots)
    for slot in former where !current.contains(slot) {
      guard var service = services[slot] else { continue }
      retire(service.serverSlots, of: &service)
      service.retired = true
      service.serverSlots = []
      service.serverNames = []
      services[slot] = service
    }
  }

  private mutating func assign(_ configured: Configuration.Service) -> UInt32 {
    let slot: UInt32
    var service: PlannedService
    if let known = services.slot(named: configured.name), let entry = services[known] {
      slot = known
      service = entry
      service.configuration = configured
      service.retired = false
    } else {
      service = PlannedService(configuration: configured)
      slot = services.add(service, named: configured.name)
    }
    let former = service.serverSlots
    service.serverSlots = configured.servers.map {
      assign($0, service: configured.name, serviceSlot: slot)
    }
    service.serverNames = configured.servers.map(\.name)
    let current = Set(service.serverSlots)
    service.retiredServerSlots.removeAll { current.contains($0) }
    retire(former.filter { !current.contains($0) }, of: &service)
    if configured.health == nil {
      for server in service.serverSlots + service.retiredServerSlots {
        servers[server]?.health = .unknown
      }
    }
    services[slot] = service
    return slot
  }

  private mutating func assign(
    _ configured: Configuration.Server, service: String, serviceSlot: UInt32
  ) -> UInt32 {
    let name = "\(service)/\(configured.name)"
    let known = slot(of: configured, service: service)
    if let holder = servers.slot(named: name), holder != known { setSuperseded(holder, true) }
    if let known { setSuperseded(known, false) }
    guard let slot = known, var server = servers[slot] else {
      let server = PlannedServer(
        configuration: configured, serviceSlot: serviceSlot, service: service)
      return servers.add(server, named: name)
    }
    if server.retired {
      server.retired = false
      server.stateOverride = nil
    }
    if server.configuration.weight != configured.weight { server.weightOverride = nil }
    server.configuration = configured
    servers[slot] = server
    return slot
  }

  /// That of the server with the configured one's name and address; nil if there is none.
  private func slot(of configured: Configuration.Server, service: String) -> UInt32? {
    let name = "\(service)/\(configured.name)"
    if let slot = servers.slot(named: name),
      servers[slot]?.configuration.address == configured.address
    {
      return slot
    }
    return servers.slot(named: "\(name)/\(configured.address)")
  }

  private mutating func setSuperseded(_ slot: UInt32, _ isSuperseded: Bool) {
    guard var server = servers[slot], server.isSuperseded != isSuperseded else { return }
    let former = server.qualifiedName
    server.isSuperseded = isSuperseded
    servers[slot] = server
    servers.rename(former, server.qualifiedName)
  }

  private mutating func retire(_ slots: [UInt32], of service: inout PlannedService) {
    for slot in slots {
      servers[slot]?.retired = true
      servers[slot]?.weightOverride = nil
      servers[slot]?.stateOverride = nil
      servers[slot]?.roseAt = nil
      servers[slot]?.ramp = 0
    }
    service.retiredServerSlots += slots
  }
}
