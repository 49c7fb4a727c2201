import Balancing
import Snapshots
import Wire

@testable import Dataplane

/// What an appliance stands in: its ports, services and servers, as a snapshot tells it.
struct Network: Sendable {
  struct Port: Sendable {
    var side: PortSide
    var mtu: UInt16 = 1500
    var vlan: UInt16 = 0
    /// The last byte of the gateway's MAC address, see `Hosts.gateway`.
    var gateway: UInt8?
    /// Of the kernel twin, with their prefix lengths; none without one.
    var addresses: [(address: String, length: Int)] = []
  }

  struct Server: Sendable {
    var port: Int
    var labels = true
    var weight: UInt32 = 1
    var maxSessions: UInt32 = 0
    var state = ServerState.ready
    var health = ServerHealth.unknown
    var isResolved = true
  }

  struct Service: Sendable {
    var address: String
    var protocolNumber: UInt8
    var ports: ClosedRange<UInt16>
    var servers: [Server]
    var algorithm = Algorithm.rr
    var clients = ClientLabelling.auto
    var maxSessions: UInt32 = 0
    var newSessionsPerSecond: UInt32 = 0
    var refuseWith = RefusalAnswer.reset
    var onDown = DownAction.keep
    var clientRate: UInt32 = 0
    var clientPrefix: UInt8 = 128
    var access: [AccessRange] = []
    /// Percent.
    var responseSamples: UInt8 = 0
  }

  var ports: [Port]
  var services: [Service] = []
  /// Hosts that the appliance itself has to do with; see `PeerRecord`.
  var peers: [(address: String, mac: Bytes?, port: Int)] = []
  var settings = Network.settings

  /// All times in ticks.
  static var settings: Settings {
    var settings = Settings()
    settings.tcpEmbryonic = 300
    settings.tcpEstablished = 5000
    settings.tcpClosing = 120
    settings.udpEmbryonic = 200
    settings.udp = 1800
    settings.quarantine = 60
    settings.answersPerSecond = 1000
    settings.embryonicShare = 50
    return settings
  }

  /// Clients behind port 0, servers behind port 1.
  static let twoArmed = Network(ports: [Port(side: .client), Port(side: .server)]).standard
  /// All behind port 0.
  static let oneArmed = Network(ports: [Port(side: .both)]).standard

  /// Services on the server port: web (0), dns (1), web over IPv6 (2), hashed by Maglev (3), one with
  /// plain servers (4). Server slots count on from service to service, two each.
  private var standard: Network {
    let back = ports.count - 1
    let labelled = [Server(port: back), Server(port: back)]
    let plain = [Server(port: back, labels: false), Server(port: back, labels: false)]
    return with {
      $0.services = [
        Service(address: Hosts.vip, protocolNumber: 6, ports: 80...80, servers: labelled),
        Service(address: Hosts.vip, protocolNumber: 17, ports: 53...53, servers: labelled),
        Service(address: Hosts.vip6, protocolNumber: 6, ports: 80...80, servers: labelled),
        Service(
          address: Hosts.vip, protocolNumber: 6, ports: 8080...8080, servers: labelled,
          algorithm: .maglev),
        Service(address: Hosts.vip, protocolNumber: 6, ports: 81...81, servers: plain),
        Service(address: Hosts.vip6, protocolNumber: 17, ports: 53...53, servers: labelled),
      ]
    }
  }

  func with(_ change: (inout Network) -> Void) -> Network {
    var copy = self
    change(&copy)
    return copy
  }

  func settings(_ change: (inout Settings) -> Void) -> Network { with { change(&$0.settings) } }

  func service(_ index: Int, _ change: (inout Service) -> Void) -> Network {
    with { change(&$0.services[index]) }
  }

  /// Changes every server of a service.
  func servers(of index: Int, _ change: (inout Server) -> Void) -> Network {
    service(index) { service in
      for place in service.servers.indices { change(&service.servers[place]) }
    }
  }

  func port(_ index: Int, _ change: (inout Port) -> Void) -> Network {
    with { change(&$0.ports[index]) }
  }
}

extension Network {
  /// Adjacencies: gateways by port, then servers by slot.
  private static let firstServerAdjacency = 8

  func contents(number: UInt64) -> SnapshotContents {
    var contents = SnapshotContents()
    contents.number = number
    contents.settings = settings
    contents.adjacencies = Array(repeating: Adjacency(), count: Self.firstServerAdjacency)
    for (index, port) in ports.enumerated() {
      var record = PortRecord()
      record.mac = word(Hosts.port(index))
      record.mtu = port.mtu
      record.vlan = port.vlan
      record.side = port.side
      record.inUse = true
      record.firstPrefix = UInt16(contents.prefixes.count)
      record.prefixCount = UInt16(port.addresses.count)
      for (text, length) in port.addresses {
        let prefix = AddressPrefix(address: IPAddress(text)!, length: length)
        let mask = IPAddress.mask(bits: prefix.bits)
        contents.prefixes.append(
          PrefixRecord(
            addressHigh: prefix.address.high, addressLow: prefix.address.low, maskHigh: mask.high,
            maskLow: mask.low))
      }
      if let gateway = port.gateway {
        record.gatewayAdjacency = UInt32(index)
        contents.adjacencies[index] = Adjacency(
          destination: word(Hosts.gateway(gateway)), port: UInt8(index), egress: record)
      }
      contents.ports.append(record)
    }
    for service in services { add(service, to: &contents) }
    contents.peers = peers.map { peer in
      let address = IPAddress(peer.address)!
      return PeerRecord(
        addressHigh: address.high, addressLow: address.low, mac: peer.mac.map(word) ?? 0,
        port: UInt8(peer.port))
    }
    return contents
  }

  private func add(_ service: Service, to contents: inout SnapshotContents) {
    let virtual = IPAddress(service.address)!
    var record = ServiceRecord()
    record.addressHigh = virtual.high
    record.addressLow = virtual.low
    record.firstServer = UInt32(contents.serverSlots.count)
    record.serverCount = UInt32(service.servers.count)
    record.maxSessions = service.maxSessions
    record.newSessionsPerSecond = service.newSessionsPerSecond
    record.lowPort = service.ports.lowerBound
    record.highPort = service.ports.upperBound
    record.protocolNumber = service.protocolNumber
    record.algorithm = service.algorithm
    record.clients = service.clients
    record.refuseWith = service.refuseWith
    record.onDown = service.onDown
    record.newSessionsPerClient = service.clientRate
    record.clientPrefix = service.clientPrefix
    record.accessOffset = UInt32(contents.accessRanges.count)
    record.accessCount = UInt32(service.access.count)
    contents.accessRanges += service.access
    record.responseSamples = service.responseSamples
    record.inUse = true
    let first = contents.servers.count
    let table = MaglevTable.build(
      names: service.servers.indices.map { "server\(first + $0)" },
      weights: service.servers.map(\.weight),
      size: MaglevTable.fallbackSize(servers: service.servers.count))
    record.maglevOffset = UInt32(contents.maglevEntries.count)
    record.maglevSize = UInt32(table.count)
    contents.maglevEntries += table
    for server in service.servers {
      let slot = contents.servers.count
      contents.serverSlots.append(UInt32(slot))
      contents.servers.append(
        serverRecord(server, slot: slot, service: contents.services.count))
      contents.adjacencies.append(
        server.isResolved
          ? Adjacency(
            destination: word(Hosts.server(slot)), port: UInt8(server.port),
            egress: contents.ports[server.port]) : Adjacency())
    }
    contents.services.append(record)
  }

  private func serverRecord(_ server: Server, slot: Int, service: Int) -> ServerRecord {
    var record = ServerRecord()
    record.serviceSlot = UInt32(service)
    record.adjacency =
      server.isResolved ? UInt32(Self.firstServerAdjacency + slot) : noIndex
    record.weight = server.weight
    record.maxSessions = server.maxSessions
    record.mac = server.isResolved ? word(Hosts.server(slot)) : 0
    record.state = server.state
    record.health = server.health
    record.labels = server.labels
    record.inUse = true
    return record
  }

  private func word(_ mac: Bytes) -> UInt64 {
    mac.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}

/// Addresses of the hosts in the tests.
enum Hosts {
  static let vip = "203.0.113.10"
  static let vip6 = "2001:db8:1::10"
  static let client = "198.51.100.1"
  static let client6 = "2001:db8:2::1"

  static func port(_ index: Int) -> Bytes { [2, 0, 0, 0, 0, UInt8(1 + index)] }
  static func server(_ slot: Int) -> Bytes { [2, 0, 0, 0, 1, UInt8(0x10 + slot)] }
  static func client(_ number: UInt8) -> Bytes { [2, 0, 0, 0, 2, number] }
  static func gateway(_ number: UInt8) -> Bytes { [2, 0, 0, 0, 3, number] }
}
