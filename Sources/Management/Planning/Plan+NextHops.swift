import Snapshots
import Wire

extension Configuration.Port {
  /// Whether the address is on the link, by the port's own prefixes.
  func isOnLink(_ address: IPAddress) -> Bool {
    addresses.contains { $0.contains(address) }
  }
}

extension Plan {
  /// How a server's Ethernet address is known.
  enum Way: Equatable {
    case mac(MACAddress)
    case address(NextHop)
    case none
  }

  /// A server's own address where it is on its port's link, else the port's gateway.
  func way(to server: Configuration.Server) -> Way {
    if let mac = server.mac { return .mac(mac) }
    let port = configuration.ports[server.port]
    if port.isOnLink(server.address) {
      return .address(NextHop(port: server.port, address: server.address))
    }
    return way(throughGatewayOf: server.port)
  }

  func way(throughGatewayOf port: Int) -> Way {
    switch configuration.ports[port].gateway {
    case .mac(let mac): .mac(mac)
    case .address(let address): .address(NextHop(port: port, address: address))
    case nil: .none
    }
  }

  func state(of way: Way) -> NextHopState {
    switch way {
    case .mac(let mac): .found(mac)
    case .address(let hop): state(of: hop)
    case .none: .silent
    }
  }

  func state(of hop: NextHop) -> NextHopState { nextHops[hop] ?? .sought }

  /// nil while it is not known.
  func mac(of way: Way) -> MACAddress? { state(of: way).mac }

  /// What the kernel is to resolve.
  var wantedNextHops: Set<NextHop> {
    let servers = servers.entries.lazy.compactMap { $0 }.map { self.way(to: $0.configuration) }
    let gateways = configuration.ports.indices.lazy.map { self.way(throughGatewayOf: $0) }
    return Set(
      (Array(servers) + Array(gateways)).compactMap { way in
        if case .address(let hop) = way { hop } else { nil }
      })
  }

  /// Keeps no more of what was resolved than is wanted.
  mutating func forgetNextHops(but wanted: Set<NextHop>) {
    nextHops = nextHops.filter { wanted.contains($0.key) }
  }

  mutating func setNextHop(_ hop: NextHop, _ state: NextHopState) { nextHops[hop] = state }
}
