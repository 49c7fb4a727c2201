import Wire

/// A next hop that the kernel resolves: an address on a port's link.
struct NextHop: Hashable, Sendable {
  let port: Int
  let address: IPAddress
}

/// What is known of a next hop.
enum NextHopState: Equatable, Sendable {
  /// The kernel asks for it: since the start, or since it lost what it knew. Nothing says that it is
  /// not there.
  case sought
  /// The kernel asks for it since a reload first named it.
  case awaited
  case found(MACAddress)
  /// It did not answer.
  case silent

  /// nil while it is not known.
  var mac: MACAddress? { if case .found(let mac) = self { mac } else { nil } }

  /// Whether the servers behind it are counted on: Maglev goes on naming them. While a hop is sought
  /// they are, or a restart would move their sessions. One that was never there has none to move.
  var isCountedOn: Bool {
    switch self {
    case .sought, .found: true
    case .awaited, .silent: false
    }
  }

  /// What is known after the kernel said something. That it asks on is no news of a hop that was never
  /// there, or does not answer.
  func after(_ report: NextHopState) -> NextHopState {
    report == .sought && !isCountedOn ? self : report
  }
}
