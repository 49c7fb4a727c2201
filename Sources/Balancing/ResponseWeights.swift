/// Weights in inverse proportion to response times, for rt. Worked out by the manager, about once a
/// second, and published as the servers' weights.
///
/// A server's aim is its configured weight times reference / response time, where the reference is
/// such that equal servers keep their weights. Three things keep servers from starving and weights
/// from swinging to and fro:
/// - what few samples say counts little: a server without sessions is taken for an average one by
///   and by, and is tried again;
/// - no server gets less than an eighth or more than eight times its configured weight;
/// - each step goes a quarter of the way (in logarithms), slower than what sessions in flight need
///   to show in the response times.
public enum ResponseWeights {
  /// Of a weight of 1 that is neither raised nor lowered.
  public static let scale: UInt32 = 256
  /// The least and the greatest part of the configured weight.
  public static let least = 1.0 / 8
  public static let greatest = 8.0
  /// Samples that count as much as the assumption that a server is an average one.
  static let assumedSamples = 4.0

  public struct Server: Sendable {
    /// As configured; 0 stays 0.
    public var weight: UInt32
    /// Nil if nothing is known.
    public var response: ResponseTimes.Average?
    /// What `next` gave last; nil, or 0, where there is none.
    public var previous: UInt32?

    public init(weight: UInt32, response: ResponseTimes.Average?, previous: UInt32? = nil) {
      self.weight = weight
      self.response = response
      self.previous = previous
    }
  }

  /// The weights that are to hold next, one for each server of one service: `scale` times what is
  /// configured, raised or lowered. At least 1 where the configured weight is.
  ///
  /// - Parameter servers: weights of 2^20 or less
  public static func next(_ servers: [Server]) -> [UInt32] {
    let reference = reference(servers)
    return servers.map { server in
      guard server.weight > 0 else { return 0 }
      let full = Double(server.weight) * Double(scale)
      let aim = full * aim(server.response, reference)
      guard let previous = server.previous, previous > 0 else {
        return rounded(full * fourthRoot(aim / full))
      }
      // A weight configured anew takes hold at once.
      let from = min(max(Double(previous), full * least), full * greatest)
      return rounded(from * fourthRoot(aim / from))
    }
  }

  private static func fourthRoot(_ x: Double) -> Double { x.squareRoot().squareRoot() }

  private static func rounded(_ weight: Double) -> UInt32 {
    UInt32(max(1, weight.rounded()))
  }

  /// The part of its configured weight that a response time gives a server.
  static func aim(_ response: ResponseTimes.Average?, _ reference: Double?) -> Double {
    guard let response, let reference else { return 1 }
    let known = response.samples / (response.samples + assumedSamples)
    let time = max(response.microseconds, 1) * known + reference * (1 - known)
    return min(max(reference / time, least), greatest)
  }

  /// The response time of an average server: the mean of the known ones, each with its configured
  /// weight, by which sum(weight * reference / time) = sum(weight).
  static func reference(_ servers: [Server]) -> Double? {
    var weights = 0.0
    var speeds = 0.0
    for server in servers {
      guard server.weight > 0, let response = server.response else { continue }
      let weight = Double(server.weight) * response.samples / (response.samples + assumedSamples)
      weights += weight
      speeds += weight / max(response.microseconds, 1)
    }
    return weights > 0 ? weights / speeds : nil
  }
}
