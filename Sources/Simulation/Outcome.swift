import Snapshots

/// What came of one algorithm.
public struct Outcome: Sendable {
  public let algorithm: Algorithm
  /// Seconds from a session's begin to its end, of those that ended well; ascending.
  public internal(set) var times: [Double] = []
  /// Sessions given to a server that was dead, or died on them.
  public internal(set) var failed = 0
  public internal(set) var refused = 0
  /// Sessions that each server was given.
  public internal(set) var given: [Int]
  private var variances = 0.0
  private var measurements = 0

  init(algorithm: Algorithm, servers: Int) {
    self.algorithm = algorithm
    given = Array(repeating: 0, count: servers)
  }

  /// Of sessions for each core, over the living servers, averaged over time.
  public var loadVariance: Double {
    measurements == 0 ? 0 : variances / Double(measurements)
  }

  /// The time that a part of the sessions does not exceed (nearest rank).
  public func quantile(_ part: Double) -> Double {
    guard !times.isEmpty else { return 0 }
    let rank = Int((part * Double(times.count)).rounded(.up))
    return times[min(max(rank, 1), times.count) - 1]
  }

  public var sessions: Int { times.count + failed + refused }

  mutating func add(loads: [Double]) {
    guard !loads.isEmpty else { return }
    let mean = loads.reduce(0, +) / Double(loads.count)
    variances += loads.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(loads.count)
    measurements += 1
  }

  mutating func settle() { times.sort() }
}
