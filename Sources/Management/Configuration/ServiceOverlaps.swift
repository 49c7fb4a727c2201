import Wire

/// Finds services of one address and protocol whose port sets do not say which has a port: the
/// same ports, or ranges that overlap without one lying in the other.
struct ServiceOverlaps {
  struct Key: Hashable {
    var address: IPAddress
    var transport: Configuration.Transport
  }

  private struct Claim {
    var ports: Configuration.PortRange
    var section: Section
    var order: Int
  }

  private var claims: [Key: [Claim]] = [:]

  mutating func add(_ key: Key, _ ports: Configuration.PortRange, section: Section) {
    let order = claims[key, default: []].count
    claims[key, default: []].append(Claim(ports: ports, section: section, order: order))
  }

  func report() {
    for (key, claims) in claims { Self.report(claims, of: key) }
  }

  /// Sorted by where they begin, wider ones first, a range lies within those on the stack or goes
  /// past the innermost of them.
  private static func report(_ claims: [Claim], of key: Key) {
    let sorted = claims.sorted {
      ($0.ports.low, $1.ports.high, $0.order) < ($1.ports.low, $0.ports.high, $1.order)
    }
    var open: [Claim] = []
    for claim in sorted {
      while let last = open.last, last.ports.high < claim.ports.low { open.removeLast() }
      if let outer = open.last {
        if outer.ports == claim.ports {
          report(
            claim, outer, "has the ports \(claim.ports) of \(key.address) too",
            expected: "other ports")
          continue
        }
        if claim.ports.high > outer.ports.high {
          report(
            claim, outer, "has some of the ports \(claim.ports) of \(key.address) too",
            expected: "ranges apart or one within the other")
          continue
        }
      }
      open.append(claim)
    }
  }

  /// At the later of the two in the file.
  private static func report(
    _ left: Claim, _ right: Claim, _ problem: String, expected: String
  ) {
    let (first, second) = left.order < right.order ? (left, right) : (right, left)
    let line = first.section.place(of: "port").line
    second.section.report("port", "the service of line \(line) \(problem)", expected: expected)
  }
}
