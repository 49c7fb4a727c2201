/// What a snapshot is built from: plain arrays that the manager fills.
public struct SnapshotContents: Sendable {
  public var number: UInt64 = 0
  public var settings = Settings()
  /// By port index.
  public var ports: [PortRecord] = []
  /// By slot; unused slots have `inUse` false.
  public var services: [ServiceRecord] = []
  /// By slot; unused slots have `inUse` false.
  public var servers: [ServerRecord] = []
  /// What the services' `firstServer` points into.
  public var serverSlots: [UInt32] = []
  public var adjacencies: [Adjacency] = []
  /// What the ports' `firstPrefix` points into.
  public var prefixes: [PrefixRecord] = []
  /// What the services' `maglevOffset` points into.
  public var maglevEntries: [UInt16] = []
  /// What the services' `accessOffset` points into.
  public var accessRanges: [AccessRange] = []
  /// With whom the appliance itself has to do, in any order.
  public var peers: [PeerRecord] = []

  public init() {}
}

extension SnapshotContents {
  /// Lays the contents out in one block, 64-byte aligned, each section on its own cache line.
  public func build() -> Snapshot {
    let lookup = VirtualAddressTable(services: services)
    let known = PeerTable(peers)
    var header = Snapshot.Header()
    var size = UInt64(MemoryLayout<Snapshot.Header>.size)
    func reserve<T>(_ count: Int, _ type: T.Type) -> UInt64 {
      size = (size + 63) & ~63
      defer { size += UInt64(count * MemoryLayout<T>.stride) }
      return size
    }
    header.settings = reserve(1, Settings.self)
    header.ports = reserve(ports.count, PortRecord.self)
    header.services = reserve(services.count, ServiceRecord.self)
    header.servers = reserve(servers.count, ServerRecord.self)
    header.serverSlots = reserve(serverSlots.count, UInt32.self)
    header.adjacencies = reserve(adjacencies.count, Adjacency.self)
    header.prefixes = reserve(prefixes.count, PrefixRecord.self)
    header.virtualAddresses = reserve(lookup.slots.count, Snapshot.VirtualAddress.self)
    header.intervals = reserve(lookup.intervals.count, Snapshot.PortInterval.self)
    header.peers = reserve(known.slots.count, Snapshot.Peer.self)
    header.maglevEntries = reserve(maglevEntries.count, UInt16.self)
    header.accessRanges = reserve(accessRanges.count, AccessRange.self)
    header.number = number
    header.byteCount = (size + 63) & ~63
    header.virtualAddressMask = UInt64(lookup.slots.count - 1)
    header.peerMask = UInt64(known.slots.count - 1)
    header.portCount = UInt32(ports.count)
    header.serviceCount = UInt32(services.count)
    header.serverCount = UInt32(servers.count)
    header.adjacencyCount = UInt32(adjacencies.count)

    let base = UnsafeMutableRawPointer.allocate(byteCount: Int(header.byteCount), alignment: 64)
    func copy<T>(_ elements: [T], to offset: UInt64) {
      let start = (base + Int(offset)).bindMemory(to: T.self, capacity: elements.count)
      elements.withUnsafeBufferPointer { source in
        guard let first = source.baseAddress else { return }
        start.initialize(from: first, count: source.count)
      }
    }
    copy([header], to: 0)
    var settings = settings
    settings.endsSessions = servers.contains { server in
      server.inUse
        && (server.state == .maint
          || server.health == .down && Int(server.serviceSlot) < services.count
            && services[Int(server.serviceSlot)].onDown == .reset)
    }
    settings.smallestMTU = min(
      ports.map(\.mtu).min() ?? 0, adjacencies.lazy.map(\.mtu).min() ?? .max)
    copy([settings], to: header.settings)
    copy(ports, to: header.ports)
    copy(services.map(finished), to: header.services)
    copy(servers, to: header.servers)
    copy(serverSlots, to: header.serverSlots)
    copy(adjacencies, to: header.adjacencies)
    copy(prefixes, to: header.prefixes)
    copy(lookup.slots, to: header.virtualAddresses)
    copy(lookup.intervals, to: header.intervals)
    copy(known.slots, to: header.peers)
    copy(maglevEntries, to: header.maglevEntries)
    copy(accessRanges, to: header.accessRanges)
    return Snapshot(base: base)
  }

  /// A service with what follows from its servers.
  private func finished(_ service: ServiceRecord) -> ServiceRecord {
    var service = service
    let first = Int(service.firstServer)
    let slots = serverSlots[first..<first + Int(service.serverCount)]
    service.isUniform = slots.allSatisfy { slot in
      servers[Int(slot)].labels && servers[Int(slot)].maxSessions == 0
    }
    service.seeksServer = slots.contains { slot in
      servers[Int(slot)].takesNewSessions && !servers[Int(slot)].isReachable
    }
    return service
  }
}
