/// Why label endpoints that are silent are so, as it was found out by asking them once more.
///
/// Asking so at each failed check would take twice the connections, and with very many servers just
/// when the processors are short of time.
struct SilenceCauses {
  /// Failed checks of a server, one after the other, that a cause serves.
  static let uses = 8

  private struct Known {
    let check: HealthCheck
    let cause: CheckResult
    var uses: Int
  }

  /// By server slot.
  private var known: [UInt32: Known] = [:]

  /// To be called for each failed check of a silent server.
  ///
  /// - Returns: the cause that is known, nil if none is yet, and whether it is to be found out, for the
  ///   first time or again
  mutating func recall(
    _ check: HealthCheck, server: UInt32
  ) -> (cause: CheckResult?, isDue: Bool) {
    guard let found = known[server], found.check == check else { return (nil, true) }
    known[server]?.uses += 1
    return (found.cause, found.uses >= Self.uses)
  }

  mutating func learn(_ cause: CheckResult, _ check: HealthCheck, server: UInt32) {
    known[server] = Known(check: check, cause: cause, uses: 1)
  }

  /// The server is not silent.
  mutating func forget(server: UInt32) { known[server] = nil }
}
