import Balancing
import Glibc

/// How long a server takes to answer good checks: a mean in which a check counts an eighth less with
/// every interval of its age (forward decay, as `ResponseTimes` has it by the second). Checks on time
/// are a mean over eight. Where they fail to come, less and less is known.
struct CheckTime: Sendable, Equatable {
  /// What is left of a check's weight an interval later.
  private static let remainder = 7.0 / 8
  /// Intervals after which the last check says nothing any more: of eight less than one is left.
  private static let lifetime = 16.0

  private var microseconds = 0.0
  private var weight = 0.0
  /// When the last check began, which is what they are spaced by.
  private var begun: ContinuousClock.Instant?

  /// - Parameters:
  ///   - sample: how long a good check took
  ///   - ended: no earlier than that of the check before
  ///   - interval: that of the checks
  mutating func add(_ sample: Duration, ended: ContinuousClock.Instant, interval: Duration) {
    let now = ended - sample
    let rest = pow(Self.remainder, age(now, interval))
    weight = weight * rest + 1
    microseconds += (sample / .microseconds(1) - microseconds) / weight
    begun = now
  }

  /// nil before the first check, and long after the last.
  func average(at now: ContinuousClock.Instant, interval: Duration) -> ResponseTimes.Average? {
    let age = age(now, interval)
    guard weight > 0, age <= Self.lifetime else { return nil }
    return ResponseTimes.Average(
      microseconds: microseconds, samples: weight * pow(Self.remainder, age))
  }

  /// Of the last check, in intervals. Where checks take longer than those, each begins with the last
  /// one's end.
  private func age(_ now: ContinuousClock.Instant, _ interval: Duration) -> Double {
    guard let begun else { return 0 }
    return max(0, (now - begun) / max(interval, .microseconds(microseconds)))
  }
}
