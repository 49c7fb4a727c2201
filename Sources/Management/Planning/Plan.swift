import Balancing
import Snapshots
import Wire

/// What the snapshots are made of: the configuration, what operators and health checks changed of
/// it, and who has which slot.
///
/// A service is known by its name, a server by `SERVICE/SERVER` and its address: whatever else of it
/// changes, it keeps its slot. One that leaves the configuration is retired: it takes no new session
/// and keeps its slot until `release` is told that no session refers to it. If it comes back before
/// that, it has its old slot.
///
/// A server whose address changes is another host: the one that had the name is retired, and known by
/// `SERVICE/SERVER/ADDRESS` from then on, a name that no configured one can have.
public struct Plan: Sendable {
  /// The configuration that holds now.
  public internal(set) var configuration: Configuration
  /// By port, as `MACAddress.word`: what the devices have, for ports without a configured address.
  let portMACs: [UInt64]
  var services: SlotMap<PlannedService>
  var servers: SlotMap<PlannedServer>
  /// Of the services in configuration order.
  public internal(set) var serviceSlots: [UInt32] = []
  var tables = MaglevCache()
  /// What the kernel said of next hops; those that it said nothing of yet are sought.
  var nextHops: [NextHop: NextHopState] = [:]

  /// Slots that retired and configured services may have together.
  public static let serviceCapacity = Configuration.maximumServices
  /// Slots that retired and configured servers may have together.
  public static let serverCapacity = Configuration.maximumServers
  /// The adjacency of server slot 0; before it lie the ports' gateways, by port.
  public static let firstServerAdjacency = UInt32(Configuration.maximumPorts)

  /// - Parameters:
  ///   - configuration: as read
  ///   - portMACs: one for each configured port
  public init(configuration: Configuration, portMACs: [UInt64]) {
    self.init(
      configuration: configuration, portMACs: portMACs, serviceCapacity: Self.serviceCapacity,
      serverCapacity: Self.serverCapacity)
  }

  init(
    configuration: Configuration, portMACs: [UInt64], serviceCapacity: Int, serverCapacity: Int
  ) {
    precondition(portMACs.count == configuration.ports.count, "an address for each port")
    self.configuration = configuration
    self.portMACs = portMACs
    services = SlotMap(capacity: serviceCapacity)
    servers = SlotMap(capacity: serverCapacity)
    assignSlots()
  }
}

/// Why a plan stays as it is, a line for each reason.
public struct PlanError: Error, Sendable, Equatable {
  public let lines: [String]
}

struct PlannedService: Sendable {
  var configuration: Configuration.Service
  var retired = false
  /// In configuration order; empty once retired.
  var serverSlots: [UInt32] = []
  /// Of the same servers: what its Maglev table is built from.
  var serverNames: [String] = []
  /// In the order of leaving.
  var retiredServerSlots: [UInt32] = []
}

struct PlannedServer: Sendable {
  var configuration: Configuration.Server
  var serviceSlot: UInt32
  var service: String
  var weightOverride: UInt32?
  var stateOverride: ServerState?
  var health = ServerHealth.unknown
  var retired = false
  /// Whether its name went over to a server at another address.
  var isSuperseded = false
  /// When it came up again, left maintenance or joined its service, whichever was last; nil if it did
  /// not, or its slow start is over.
  var roseAt: ContinuousClock.Instant?
  /// `ServerRecord.ramp` and `responseTime`, as they are to be published.
  var ramp: UInt8 = 0
  var responseTime: UInt32 = 0
  /// Of a service with rt, what the response times make of a weight, in `ResponseWeights.scale`ths:
  /// the latest, and the one that is to be published.
  var response: ResponseWeight?

  var name: String {
    isSuperseded ? "\(configuration.name)/\(configuration.address)" : configuration.name
  }
  var qualifiedName: String { "\(service)/\(name)" }
  var weight: UInt32 { retired ? 0 : weightOverride ?? configuration.weight }
  var state: ServerState { stateOverride ?? (retired ? .drain : .ready) }
  var takesNewSessions: Bool { state == .ready && health != .down && weight > 0 }

  struct ResponseWeight: Sendable {
    /// What it was worked out of: another weight takes hold at once.
    var configured: UInt32
    var latest: UInt32
    var published: UInt32
  }

  /// `ServerRecord.weight` of a service with an algorithm.
  func weight(for algorithm: Algorithm) -> UInt32 {
    guard algorithm == .rt else { return weight }
    if let response, response.configured == weight { return response.published }
    return weight * ResponseWeights.scale
  }

  func effectiveWeight(for algorithm: Algorithm) -> Double {
    let whole = Double(weight(for: algorithm))
    let scaled = algorithm == .rt ? whole / Double(ResponseWeights.scale) : whole
    return ramp == 0 ? scaled : scaled * Double(ramp) / 256
  }
}
