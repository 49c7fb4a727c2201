import Balancing
import Snapshots

/// Which servers are checked how, and what came of it. Knows neither clocks nor sockets.
struct HealthBook: Sendable {
  /// A server that is to be checked.
  struct Wanted {
    let slot: UInt32
    let check: HealthCheck
    let rise: Int
    let fall: Int
    /// What the plan has.
    let health: ServerHealth
  }

  /// A server whose health is another one now.
  struct Change: Sendable, Equatable {
    let slot: UInt32
    let health: ServerHealth
    /// Why it is down; nil if it is up.
    let reason: String?
  }

  /// What is known of a checked server.
  struct View: Sendable, Equatable {
    /// The last check's; nil before the first.
    let last: CheckResult?
    /// When it ended.
    let at: ContinuousClock.Instant?
    /// Of the last check.
    let duration: Duration?
    /// Of the good answers of late; nil if there are none, or the server is down.
    let responseTime: ResponseTimes.Average?
    let changes: UInt64
  }

  /// Counted since the start, servers that have left included.
  struct Counts: Sendable, Equatable {
    var good: UInt64 = 0
    var bad: UInt64 = 0
    var unable: UInt64 = 0
    var changes: UInt64 = 0
  }

  private struct Entry {
    let check: HealthCheck
    var slots: [UInt32] = []
    var last: CheckOutcome?
    var time = CheckTime()
  }

  private struct Watched {
    var id: CheckID
    var rise: Int
    var fall: Int
    var state: HealthState
    var changes: UInt64 = 0
  }

  private var ids: [HealthCheck: CheckID] = [:]
  private var entries: [CheckID: Entry] = [:]
  private var watched: [UInt32: Watched] = [:]
  private var lastID = 0
  private(set) var counts = Counts()

  /// Distinct checks.
  var checkCount: Int { entries.count }

  /// Checks these servers and no others. A server whose check stays keeps its streak and its
  /// health; with another check it keeps the health that the plan has.
  ///
  /// - Returns: the checks to begin, in the order of the servers, and those to end
  mutating func watch(
    _ wanted: [Wanted]
  ) -> (added: [(id: CheckID, check: HealthCheck)], removed: [CheckID]) {
    var added: [(CheckID, HealthCheck)] = []
    let former = watched
    watched = [:]
    for id in entries.keys { entries[id]?.slots = [] }
    for server in wanted {
      let id = ids[server.check] ?? begin(server.check, &added)
      entries[id]?.slots.append(server.slot)
      var state = HealthState(server.health)
      let before = former[server.slot]
      if let before, before.id == id, before.state.health == server.health { state = before.state }
      watched[server.slot] = Watched(
        id: id, rise: server.rise, fall: server.fall, state: state, changes: before?.changes ?? 0)
    }
    let removed = entries.filter { $0.value.slots.isEmpty }
    for (id, entry) in removed { forget(id, entry) }
    return (added, Array(removed.keys))
  }

  /// Checks a server no more.
  ///
  /// - Returns: the check to end; nil if others want it
  mutating func unwatch(slot: UInt32) -> CheckID? {
    guard let id = watched.removeValue(forKey: slot)?.id else { return nil }
    entries[id]?.slots.removeAll { $0 == slot }
    guard let entry = entries[id], entry.slots.isEmpty else { return nil }
    forget(id, entry)
    return id
  }

  private mutating func forget(_ id: CheckID, _ entry: Entry) {
    entries[id] = nil
    ids[entry.check] = nil
  }

  private mutating func begin(
    _ check: HealthCheck, _ added: inout [(CheckID, HealthCheck)]
  ) -> CheckID {
    lastID += 1
    let id = CheckID(number: lastID)
    ids[check] = id
    entries[id] = Entry(check: check)
    added.append((id, check))
    return id
  }

  /// Takes note of what came of checks. Outcomes of checks that are wanted no more count for
  /// nothing.
  ///
  /// - Returns: whose health is another one now, each server once with the health it ended up with
  mutating func take(_ outcomes: [CheckOutcome]) -> [Change] {
    var changed: [UInt32: Change] = [:]
    for outcome in outcomes {
      guard let entry = entries[outcome.check] else { continue }
      var reason: String?
      switch outcome.result {
      case .good:
        counts.good += 1
        entries[outcome.check]?.time.add(
          outcome.duration, ended: outcome.at, interval: entry.check.interval)
      case .bad(let why):
        counts.bad += 1
        reason = why
      case .unable: counts.unable += 1
      }
      entries[outcome.check]?.last = outcome
      for slot in entry.slots {
        guard var server = watched[slot] else { continue }
        if server.state.take(outcome.result, rise: server.rise, fall: server.fall) {
          server.changes += 1
          counts.changes += 1
          changed[slot] = Change(slot: slot, health: server.state.health, reason: reason)
        }
        watched[slot] = server
      }
    }
    return changed.values.sorted { $0.slot < $1.slot }
  }

  /// nil if the server is not checked.
  func view(slot: UInt32, now: ContinuousClock.Instant) -> View? {
    guard let server = watched[slot], let entry = entries[server.id] else { return nil }
    let time = entry.time.average(at: now, interval: entry.check.interval)
    return View(
      last: entry.last?.result, at: entry.last?.at, duration: entry.last?.duration,
      responseTime: server.state.health == .down ? nil : time, changes: server.changes)
  }
}

extension HealthBook.View {
  /// The last check's result in words; nil before the first.
  var reason: String? {
    switch last {
    case .good: "ok"
    case .bad(let why), .unable(let why): why
    case nil: nil
    }
  }
}
