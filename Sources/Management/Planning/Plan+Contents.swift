import Snapshots
import Wire

extension Plan {
  /// Everything that a snapshot holds. Maglev tables are kept between calls and shared between
  /// services whose tables are equal.
  public mutating func makeContents(number: UInt64) -> SnapshotContents {
    var contents = SnapshotContents()
    contents.number = number
    contents.settings = Settings(configuration)
    contents.ports = portRecords()
    contents.adjacencies = adjacencies(ports: contents.ports)
    contents.servers = servers.entries.indices.map { index in
      servers.entries[index].map { serverRecord($0, slot: UInt32(index)) } ?? ServerRecord()
    }
    contents.services.reserveCapacity(services.entries.count)
    var writer = tables.begin()
    for entry in services.entries {
      guard let entry else {
        contents.services.append(ServiceRecord())
        continue
      }
      var record = ServiceRecord(entry.configuration)
      record.retired = entry.retired
      record.firstServer = UInt32(contents.serverSlots.count)
      record.serverCount = UInt32(entry.serverSlots.count)
      contents.serverSlots += entry.serverSlots
      let table = writer.table(
        names: entry.serverNames, weights: maglevWeights(entry),
        isMaglev: entry.configuration.algorithm == .maglev)
      record.maglevOffset = table.offset
      record.maglevSize = table.size
      contents.services.append(record)
    }
    contents.maglevEntries = writer.entries
    tables = writer.finish()
    return contents
  }

  /// Weight 0 for those that take no new session.
  private func maglevWeights(_ service: PlannedService) -> [UInt32] {
    service.serverSlots.map { slot in
      guard let server = servers[slot], server.takesNewSessions else { return 0 }
      return server.weight
    }
  }

  private func portRecords() -> [PortRecord] {
    configuration.ports.indices.map { index in
      let port = configuration.ports[index]
      var record = PortRecord()
      record.mac = port.mac?.word ?? portMACs[index]
      record.gatewayAdjacency = port.gateway == nil ? noIndex : UInt32(index)
      record.mtu = port.mtu
      record.vlan = port.vlan
      record.side = port.side
      record.inUse = true
      return record
    }
  }

  /// Gateways by port, then next hops by server slot.
  private func adjacencies(ports: [PortRecord]) -> [Adjacency] {
    let first = Int(Self.firstServerAdjacency)
    var adjacencies = Array(repeating: Adjacency(), count: first + servers.entries.count)
    for (index, port) in configuration.ports.enumerated() {
      if case .mac(let mac) = port.gateway {
        adjacencies[index] = Adjacency(
          destination: mac.word, port: UInt8(index), egress: ports[index])
      }
    }
    for (slot, server) in servers.entries.enumerated() {
      guard let configured = server?.configuration, let mac = configured.mac else { continue }
      adjacencies[first + slot] = Adjacency(
        destination: mac.word, port: UInt8(configured.port), egress: ports[configured.port])
    }
    return adjacencies
  }

  private func serverRecord(_ server: PlannedServer, slot: UInt32) -> ServerRecord {
    var record = ServerRecord()
    record.serviceSlot = server.serviceSlot
    record.adjacency =
      server.configuration.mac == nil ? noIndex : Self.firstServerAdjacency + slot
    record.weight = server.weight
    record.maxSessions = server.configuration.maxSessions
    record.mac = server.configuration.mac?.word ?? 0
    record.state = server.state
    record.health = server.health
    record.labels = server.configuration.labels
    record.inUse = true
    return record
  }
}

extension ServiceRecord {
  /// All but the slots and tables.
  fileprivate init(_ service: Configuration.Service) {
    self.init()
    addressHigh = service.address.high
    addressLow = service.address.low
    maxSessions = service.maxSessions
    newSessionsPerSecond = service.newSessionsPerSecond
    lowPort = service.port.low
    highPort = service.port.high
    protocolNumber = service.transport.number
    algorithm = service.algorithm
    clients = service.clients
    refuseWith = service.refuseWith
    inUse = true
  }
}

extension Settings {
  fileprivate init(_ configuration: Configuration) {
    self.init()
    tcpEmbryonic = Self.ticks(configuration.timeouts.tcpEmbryonic)
    tcpEstablished = Self.ticks(configuration.timeouts.tcpEstablished)
    tcpClosing = Self.ticks(configuration.timeouts.tcpClosing)
    udpEmbryonic = Self.ticks(configuration.timeouts.udpEmbryonic)
    udp = Self.ticks(configuration.timeouts.udp)
    quarantine = Self.ticks(configuration.labels.quarantine)
    answersPerSecond = UInt32(configuration.answersPerSecond)
    embryonicShare = UInt32(configuration.labels.embryonicShare)
    guardPort = configuration.labels.guard == .port
    unknownDiscard = configuration.labels.unknown == .discard
  }

  private static func ticks(_ duration: Duration) -> UInt32 {
    ticks(nanoseconds: duration.nanoseconds)
  }
}
