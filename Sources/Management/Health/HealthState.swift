import Snapshots

/// A server's health by its thresholds. What it was holds until as many answers in a row as its
/// threshold asks for say otherwise.
struct HealthState: Sendable, Equatable {
  private(set) var health: ServerHealth
  private var good = 0
  private var bad = 0

  init(_ health: ServerHealth = .unknown) { self.health = health }

  /// - Parameters:
  ///   - rise: good answers in a row that make it up
  ///   - fall: bad ones in a row that make it down
  /// - Returns: whether the health has changed
  mutating func take(_ result: CheckResult, rise: Int, fall: Int) -> Bool {
    let before = health
    switch result {
    case .good:
      bad = 0
      good = min(good + 1, rise)
      if good >= rise { health = .up }
    case .bad:
      good = 0
      bad = min(bad + 1, fall)
      if bad >= fall { health = .down }
    case .unable: break
    }
    return health != before
  }
}
