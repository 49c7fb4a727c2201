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
    contents.prefixes = prefixRecords()
    contents.peers = peers()
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
      let ranges = AccessRange.flattened(
        allow: entry.configuration.allow,
        deny: entry.configuration.deny + checkSources(of: entry.configuration))
      record.accessOffset = UInt32(contents.accessRanges.count)
      record.accessCount = UInt32(ranges.count)
      contents.accessRanges += ranges
      record.maglevOffset = table.offset
      record.maglevSize = table.size
      contents.services.append(record)
    }
    contents.maglevEntries = writer.entries
    tables = writer.finish()
    return contents
  }

  /// Where checks of a service's virtual address come from, each a host's prefix: no client is there. A
  /// server that does not hold the address may send a check's packet back, and no session is to come of
  /// that.
  private func checkSources(of service: Configuration.Service) -> [AddressPrefix] {
    guard service.health?.target == .vip else { return [] }
    return configuration.ports.flatMap(\.addresses).map(\.address)
      .filter { $0.isIPv4 == service.address.isIPv4 }
      .map(AddressPrefix.init(host:))
  }

  /// Weight 0 for those that are not to take new sessions. One that is only not found passes them on
  /// (`Scheduler`), and comes back into its place without moving others.
  private func maglevWeights(_ service: PlannedService) -> [UInt32] {
    service.serverSlots.map { slot in
      guard let server = servers[slot], server.takesNewSessions else { return 0 }
      return server.weight
    }
  }

  private func portRecords() -> [PortRecord] {
    var firstPrefix = 0
    return configuration.ports.indices.map { index in
      let port = configuration.ports[index]
      var record = PortRecord()
      record.mac = port.mac?.word ?? portMACs[index]
      record.gatewayAdjacency = port.gateway == nil ? noIndex : UInt32(index)
      record.mtu = port.mtu
      record.vlan = port.vlan
      record.side = port.side
      record.firstPrefix = UInt16(firstPrefix)
      record.prefixCount = UInt16(port.addresses.count)
      firstPrefix += port.addresses.count
      record.inUse = true
      return record
    }
  }

  /// The ports' own addresses, port by port.
  private func prefixRecords() -> [PrefixRecord] {
    configuration.ports.flatMap(\.addresses).map { prefix in
      let mask = IPAddress.mask(bits: prefix.bits)
      return PrefixRecord(
        addressHigh: prefix.address.high, addressLow: prefix.address.low, maskHigh: mask.high,
        maskLow: mask.low)
    }
  }

  /// Servers and gateways that are reached by a port with a kernel twin.
  private func peers() -> [PeerRecord] {
    func peer(_ address: IPAddress, _ way: Way, port: Int) -> PeerRecord? {
      guard !configuration.ports[port].addresses.isEmpty else { return nil }
      return PeerRecord(
        addressHigh: address.high, addressLow: address.low, mac: mac(of: way)?.word ?? 0,
        port: UInt8(port))
    }
    let gateways = configuration.ports.indices.compactMap { index -> PeerRecord? in
      guard case .address(let hop) = way(throughGatewayOf: index) else { return nil }
      return peer(hop.address, .address(hop), port: index)
    }
    return gateways
      + servers.entries.lazy.compactMap { $0?.configuration }.compactMap { server in
        peer(server.address, self.way(to: server), port: server.port)
      }
  }

  /// Gateways by port, then next hops by server slot.
  private func adjacencies(ports: [PortRecord]) -> [Adjacency] {
    let first = Int(Self.firstServerAdjacency)
    var adjacencies = Array(repeating: Adjacency(), count: first + servers.entries.count)
    for index in configuration.ports.indices {
      if let mac = mac(of: way(throughGatewayOf: index)) {
        adjacencies[index] = Adjacency(
          destination: mac.word, port: UInt8(index), egress: ports[index])
      }
    }
    for (slot, server) in servers.entries.enumerated() {
      guard let configured = server?.configuration, let mac = mac(of: way(to: configured)) else {
        continue
      }
      adjacencies[first + slot] = Adjacency(
        destination: mac.word, port: UInt8(configured.port), egress: ports[configured.port])
    }
    return adjacencies
  }

  private func serverRecord(_ server: PlannedServer, slot: UInt32) -> ServerRecord {
    var record = ServerRecord()
    record.serviceSlot = server.serviceSlot
    let hop = state(of: way(to: server.configuration))
    record.adjacency = hop.mac == nil ? noIndex : Self.firstServerAdjacency + slot
    record.weight = hop.isCountedOn ? server.weight(for: algorithm(of: server)) : 0
    record.responseTime = server.responseTime
    record.ramp = server.ramp
    record.maxSessions = server.configuration.maxSessions
    record.mac = hop.mac?.word ?? 0
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
    if let limit = service.clientLimit {
      newSessionsPerClient = limit.rate
      clientPrefix = UInt8(service.address.isIPv4 ? 96 + limit.prefixIPv4 : limit.prefixIPv6)
    }
    onDown = service.onDown
    responseSamples = UInt8(service.responseSamples)
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
    kernelPacketsPerSecond = UInt32(configuration.kernelPacketsPerSecond)
    embryonicShare = UInt32(configuration.labels.embryonicShare)
    guardPort = configuration.labels.guard == .port
    unknownDiscard = configuration.labels.unknown == .discard
  }

  private static func ticks(_ duration: Duration) -> UInt32 {
    ticks(nanoseconds: duration.nanoseconds)
  }
}
