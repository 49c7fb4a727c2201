/// Changes of next hops that go into the plan with the next snapshot, so that what is shown of the
/// plan is what the workers know.
struct GatheredNextHops: Sendable {
  private var states: [NextHop: NextHopState] = [:]

  /// What is known of a next hop, by what was gathered and the plan.
  func state(of hop: NextHop, in plan: Plan) -> NextHopState { states[hop] ?? plan.state(of: hop) }

  /// A later report of a next hop replaces an earlier one.
  ///
  /// - Returns: what is known now if that is news beside the plan and what was gathered
  mutating func add(_ hop: NextHop, _ report: NextHopState, to plan: Plan) -> NextHopState? {
    let known = state(of: hop, in: plan)
    let now = known.after(report)
    guard now != known else { return nil }
    states[hop] = now
    return now
  }

  func apply(to plan: inout Plan) {
    for (hop, state) in states { plan.setNextHop(hop, state) }
  }
}
