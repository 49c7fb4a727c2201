/// What is known of how fast a server answers, by where it was learnt.
public struct ServerTimes: Sendable, Equatable {
  /// From request to response.
  public var requests: ResponseTimes.Average?
  /// Of health checks that ask the application: HTTP.
  public var checks: ResponseTimes.Average?
  /// From SYN to SYN-ACK.
  public var network: ResponseTimes.Average?

  public init(
    requests: ResponseTimes.Average? = nil, checks: ResponseTimes.Average? = nil,
    network: ResponseTimes.Average? = nil
  ) {
    self.requests = requests
    self.checks = checks
    self.network = network
  }

  /// A server's response times as they can be compared with each other: all of one kind, the first of
  /// requests, checks and network that is known of half of the servers or more; of none, nothing is.
  ///
  /// Requests are what clients wait for. A check asks the application too, but asks little and
  /// seldom. A SYN is answered by the kernel, fast even where the application is not. Times of
  /// different kinds differ by orders of magnitude whatever the servers do.
  public static func comparable(_ servers: [ServerTimes]) -> [ResponseTimes.Average?] {
    let kinds: [KeyPath<ServerTimes, ResponseTimes.Average?> & Sendable] = [
      \.requests, \.checks, \.network,
    ]
    for kind in kinds {
      let times = servers.map { $0[keyPath: kind] }
      if times.count(where: { $0 != nil }) * 2 >= servers.count { return times }
    }
    return servers.map { _ in nil }
  }
}
