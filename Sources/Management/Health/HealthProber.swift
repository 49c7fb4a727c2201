import NIOCore

/// Makes single checks, of whatever kind.
protocol HealthProber: Sendable {
  /// Begins a check. The future succeeds within the check's timeout or very little more.
  ///
  /// - Parameter loop: the loop that calls it, and on which the future is completed
  func probe(_ check: HealthCheck, on loop: any EventLoop) -> EventLoopFuture<CheckResult>

  /// Gives back what it holds.
  func stop()
}
