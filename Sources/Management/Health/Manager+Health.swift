import AdminProtocol
import NIOCore
import Snapshots

/// From checks to snapshots.
extension Manager {
  /// Changes that come within so much of each other go into one snapshot.
  static let healthGathering = Duration.milliseconds(5)
  /// Servers whose change is logged at once; of the others only the number.
  static let loggedHealthChanges = 100

  /// Has those servers checked that the configuration wants to be.
  func watchHealth() {
    let (added, removed) = health.watch(plan.wantedChecks)
    checker?.change(added: added, removed: removed)
  }

  /// Has a server checked no more.
  func unwatchHealth(of slot: UInt32) {
    if let ended = health.unwatch(slot: slot) { checker?.change(added: [], removed: [ended]) }
  }

  /// Makes checks along the path possible if a configuration has any.
  func openChecks(_ configuration: Configuration) throws(KernelError) {
    if let opened = try kernel.openChecks(configuration) { pathProber.use(opened) }
  }

  /// Takes note of what came of checks.
  func take(_ outcomes: [CheckOutcome]) {
    let changes = health.take(outcomes)
    for case .unable(let reason) in outcomes.map(\.result)
    where loggedObstacles.count < 100 && loggedObstacles.insert(reason).inserted {
      log.warning("a health check cannot be made: \(reason)")
    }
    guard !changes.isEmpty else { return }
    for change in changes.prefix(Self.loggedHealthChanges) { logChange(change) }
    if changes.count > Self.loggedHealthChanges {
      log.warning("\(changes.count - Self.loggedHealthChanges) more servers' health changed")
    }
    gatheredHealth.add(changes)
    publishSoon()
  }

  /// Has what changed by itself, health and next hops, published together. Where a publication takes
  /// long, for a large configuration, they leave the loop at least half its time.
  func publishSoon() {
    guard !isPublicationDue else { return }
    isPublicationDue = true
    let delay = max(Self.healthGathering, publicationTime)
    loop.scheduleTask(in: .nanoseconds(Int64(delay.nanoseconds))) {
      if self.isPublicationDue { self.publish() }
    }
  }

  private func logChange(_ change: HealthBook.Change) {
    let name = plan.serverName(change.slot) ?? "?"
    if let reason = change.reason {
      log.warning("server \(name) is \(change.health): \(reason)")
    } else {
      log.info("server \(name) is \(change.health)")
    }
  }

  /// What is shown of a server's checks beside its health.
  func describeChecks(of slot: UInt32) -> [(String, JSONValue)] {
    let view = health.view(slot: slot, now: .now)
    return [
      ("health_reason", JSONValue(view?.reason)),
      ("check_time_us", microseconds(view?.duration)),
      (
        "check_age_s",
        view?.at.map { .double(((ContinuousClock.now - $0).seconds * 1000).rounded() / 1000) }
          ?? .null
      ),
    ]
  }

  func microseconds(_ duration: Duration?) -> JSONValue {
    duration.map { JSONValue($0.nanoseconds / 1000) } ?? .null
  }

  /// Beside the workers' counters.
  var healthCounters: [(name: String, value: UInt64)] {
    let counts = health.counts
    return [
      ("health.checks", counts.good + counts.bad + counts.unable),
      ("health.failures", counts.bad), ("health.changes", counts.changes),
    ]
  }
}
