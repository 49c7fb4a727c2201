import Wire

/// Changes of next hops that go into the plan with the next snapshot, so that what is shown of the
/// plan is what the workers know.
struct GatheredNextHops: Sendable {
  private var macs: [NextHop: MACAddress?] = [:]

  /// A later change of a next hop replaces an earlier one.
  ///
  /// - Returns: whether it is news beside the plan and what was gathered
  mutating func add(_ hop: NextHop, _ mac: MACAddress?, to plan: Plan) -> Bool {
    let known = macs[hop] ?? plan.nextHops[hop]
    guard known != mac else { return false }
    macs[hop] = .some(mac)
    return true
  }

  func apply(to plan: inout Plan) {
    for (hop, mac) in macs { plan.setNextHop(hop, mac) }
  }
}
