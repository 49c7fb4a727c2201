import Snapshots
import Wire

extension Plan {
  /// A service as it is shown, configured or retired.
  public struct ServiceView: Sendable {
    public let slot: UInt32
    public let name: String
    public let address: IPAddress
    /// The key `protocol`.
    public let transport: Configuration.Transport
    public let port: Configuration.PortRange
    public let algorithm: Algorithm
    public let retired: Bool
    /// Configured ones in their order, then retired ones.
    public let serverSlots: [UInt32]
  }

  /// A server as it is shown, configured or retired. Weight and state are those that hold.
  public struct ServerView: Sendable {
    public let slot: UInt32
    public let serviceSlot: UInt32
    public let service: String
    /// `SERVER/ADDRESS` of a retired one whose name another server has.
    public let name: String
    public let address: IPAddress
    /// Of its next hop; nil while it is not known.
    public let mac: MACAddress?
    /// Index of the port that reaches it.
    public let port: Int
    public let weight: UInt32
    /// What the scheduler makes of it: raised or lowered by response times, and a part of it while
    /// the server starts slowly.
    public let effectiveWeight: Double
    public let state: ServerState
    public let health: ServerHealth
    /// Whether new sessions may be given to it, session limits aside.
    public let takesNewSessions: Bool
    public let labels: Bool
    public let maxSessions: UInt32
    public let retired: Bool
  }

  /// nil if the slot is unused.
  public func service(slot: UInt32) -> ServiceView? {
    services[slot].map { service in
      ServiceView(
        slot: slot, name: service.configuration.name, address: service.configuration.address,
        transport: service.configuration.transport, port: service.configuration.port,
        algorithm: service.configuration.algorithm, retired: service.retired,
        serverSlots: service.serverSlots + service.retiredServerSlots)
    }
  }

  /// nil if the slot is unused.
  public func server(slot: UInt32) -> ServerView? {
    servers[slot].map { server in
      let mac = mac(of: way(to: server.configuration))
      return ServerView(
        slot: slot, serviceSlot: server.serviceSlot, service: server.service,
        name: server.name, address: server.configuration.address, mac: mac,
        port: server.configuration.port, weight: server.weight,
        effectiveWeight: server.effectiveWeight(for: algorithm(of: server)), state: server.state,
        health: server.health, takesNewSessions: server.takesNewSessions && mac != nil,
        labels: server.configuration.labels,
        maxSessions: server.configuration.maxSessions, retired: server.retired)
    }
  }

  public func serviceName(_ slot: UInt32) -> String? { services[slot]?.configuration.name }

  /// `SERVICE/SERVER`, or `SERVICE/SERVER/ADDRESS` of a retired one whose name another server has.
  public func serverName(_ slot: UInt32) -> String? { servers[slot]?.qualifiedName }

  public func serviceSlot(named name: String) -> UInt32? { services.slot(named: name) }

  /// - Parameter name: as `serverName`
  public func serverSlot(named name: String) -> UInt32? { servers.slot(named: name) }
}
