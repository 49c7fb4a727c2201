import Snapshots

/// Changes of health that go into the plan with the next snapshot, so that what is shown of the plan
/// is what the workers know.
struct GatheredHealth: Sendable {
  private var healths: [UInt32: ServerHealth] = [:]

  var isEmpty: Bool { healths.isEmpty }

  /// Later ones of a server replace earlier ones.
  mutating func add(_ changes: [HealthBook.Change]) {
    for change in changes { healths[change.slot] = change.health }
  }

  func apply(to plan: inout Plan) {
    for (slot, health) in healths { _ = plan.setHealth(slot: slot, health) }
  }
}
