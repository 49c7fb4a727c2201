import NIOCore

/// Makes every check at its time, on an event loop of its own, and hands over what came of them.
///
/// Checks that begin together spread evenly over their intervals, and each next one comes an
/// interval after the last, give or take the jitter, so that they stay spread. No more than `limit`
/// are under way at once: past that they wait in the order in which they were due.
final class HealthChecker: @unchecked Sendable {
  /// Checks that are due within so much of each other begin together, to save wake-ups.
  static let grain = TimeAmount.milliseconds(5)
  /// What ends within so much of each other is handed over together.
  static let handover = TimeAmount.milliseconds(5)

  private struct Entry {
    let check: HealthCheck
    var timer: Scheduled<Void>?
    var isUnderWay = false
  }

  private let loop: any EventLoop
  private let prober: any HealthProber
  private let limit: Int
  private let deliver: @Sendable ([CheckOutcome]) -> Void
  private var random: any RandomNumberGenerator
  private var entries: [CheckID: Entry] = [:]
  private var waiting = CircularBuffer<CheckID>()
  private var underWay = 0
  private var outcomes: [CheckOutcome] = []
  private var isStarting = false
  private var isStopped = false

  /// - Parameters:
  ///   - loop: everything happens on it
  ///   - limit: checks under way at once
  ///   - random: what the jitter is drawn from
  ///   - deliver: called on the loop, never with an empty list
  init(
    loop: any EventLoop, prober: any HealthProber, limit: Int,
    random: any RandomNumberGenerator = SystemRandomNumberGenerator(),
    deliver: @escaping @Sendable ([CheckOutcome]) -> Void
  ) {
    self.loop = loop
    self.prober = prober
    self.limit = limit
    self.random = random
    self.deliver = deliver
  }

  /// Begins some checks and ends others. From any thread.
  func change(added: [(id: CheckID, check: HealthCheck)], removed: [CheckID]) {
    guard !added.isEmpty || !removed.isEmpty else { return }
    loop.execute {
      guard !self.isStopped else { return }
      for id in removed { self.entries.removeValue(forKey: id)?.timer?.cancel() }
      let now = self.loop.now
      for (place, new) in added.enumerated() {
        self.entries[new.id] = Entry(check: new.check)
        let share = Double(place) / Double(added.count)
        self.schedule(new.id, at: now + new.check.intervalAmount * share)
      }
    }
  }

  /// Ends all checks; nothing is delivered any more. From any thread.
  func stop() -> EventLoopFuture<Void> {
    loop.submit {
      self.isStopped = true
      for entry in self.entries.values { entry.timer?.cancel() }
      self.entries = [:]
      self.waiting = []
      self.prober.stop()
    }
  }

  private func schedule(_ id: CheckID, at time: NIODeadline) {
    let grain = UInt64(Self.grain.nanoseconds)
    let coarse = (time.uptimeNanoseconds + grain - 1) / grain * grain
    entries[id]?.timer = loop.scheduleTask(deadline: .uptimeNanoseconds(coarse)) {
      self.waiting.append(id)
      self.startWaiting()
    }
  }

  private func startWaiting() {
    // A check that ends as soon as it begins comes here again.
    guard !isStarting else { return }
    isStarting = true
    defer { isStarting = false }
    while underWay < limit, let id = waiting.popFirst() {
      // It may have been ended while it waited.
      guard let entry = entries[id], !entry.isUnderWay else { continue }
      start(id, entry.check)
    }
  }

  private func start(_ id: CheckID, _ check: HealthCheck) {
    underWay += 1
    entries[id]?.isUnderWay = true
    let started = loop.now
    prober.probe(check, on: loop).whenComplete { result in
      let ended = self.loop.now
      self.underWay -= 1
      self.entries[id]?.isUnderWay = false
      if self.entries[id] != nil {
        let varied = 1 + Double(check.jitter) / 100 * Double.random(in: -1...1, using: &self.random)
        self.schedule(id, at: max(started + check.intervalAmount * varied, ended))
        self.hand(
          CheckOutcome(
            check: id, result: (try? result.get()) ?? .unable("the check broke off"), at: .now,
            duration: .nanoseconds((ended - started).nanoseconds)))
      }
      self.startWaiting()
    }
  }

  private func hand(_ outcome: CheckOutcome) {
    outcomes.append(outcome)
    guard outcomes.count == 1 else { return }
    loop.scheduleTask(in: Self.handover) {
      let batch = self.outcomes
      self.outcomes = []
      if !self.isStopped { self.deliver(batch) }
    }
  }
}

extension HealthCheck {
  fileprivate var intervalAmount: TimeAmount { .nanoseconds(Int64(interval.nanoseconds)) }
  var timeoutAmount: TimeAmount { .nanoseconds(Int64(timeout.nanoseconds)) }
}

extension TimeAmount {
  fileprivate static func * (amount: TimeAmount, factor: Double) -> TimeAmount {
    .nanoseconds(Int64(Double(amount.nanoseconds) * factor))
  }
}
