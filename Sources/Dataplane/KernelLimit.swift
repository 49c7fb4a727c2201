/// What packets for a port's kernel twin are, as far as their limits go. Each kind has its own, so
/// that no flood of one keeps the others out.
enum KernelKind: Int {
  /// ARP and neighbour discovery.
  case neighbours
  case icmp
  /// To the appliance's own addresses: BGP, ssh, answers to health checks.
  case other

  static let count = 3
}

/// Whose packets they are. Those of the hosts that the appliance itself asks have limits that nobody
/// else spends: answers to health checks, and of next hops.
enum KernelSender: Int {
  /// A server or a next hop of the port.
  case peer
  case stranger

  static let count = 2
}

/// How many packets of one kind and sort of sender a worker gives to one port's twin: a token bucket
/// that holds what its rate yields in a tenth of a second.
///
/// Its state is the moment at which it would be full again; all times are nanoseconds.
struct KernelLimit {
  private static let depth: UInt64 = 100_000_000
  /// Limits of a port.
  static let countOfPort = KernelKind.count * KernelSender.count

  private var fullAt: UInt64 = 0

  /// Where a limit stands among those of all ports.
  @inline(__always)
  static func place(port: Int, _ kind: KernelKind, _ sender: KernelSender) -> Int {
    (port &* KernelKind.count &+ kind.rawValue) &* KernelSender.count &+ sender.rawValue
  }

  /// - Parameters:
  ///   - cost: a second divided by the rate
  ///   - now: of a clock that never goes back
  @inline(__always)
  mutating func take(cost: UInt64, now: UInt64) -> Bool {
    let start = max(fullAt, now)
    guard start == now || start &- now &+ cost <= Self.depth else { return false }
    fullAt = start &+ cost
    return true
  }
}
