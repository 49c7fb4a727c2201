/// Why metrics cannot be offered, as one line that says what to do.
struct MetricsError: Error, Sendable, Equatable, CustomStringConvertible {
  let description: String
  /// Something listens on the port already.
  let isInUse: Bool
}
