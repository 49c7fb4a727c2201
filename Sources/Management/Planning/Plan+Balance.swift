import Balancing
import Snapshots

/// What the algorithms are told of servers as time goes on: response times, and slow start.
extension Plan {
  /// By how much a response time or a weight has to differ from what the workers have, in parts of
  /// that: each publication has them look at every server anew.
  static let noticeable = 1.0 / 16

  /// Takes over what is known of response times, and how far slow starts are. To be called once a
  /// second.
  ///
  /// - Parameter times: of a server slot, whose checks ask the application or do not. It must not look
  ///   at the plan, which is being changed.
  /// - Returns: whether a new snapshot is wanted
  public mutating func balance(
    now: ContinuousClock.Instant, times: (_ slot: UInt32, _ checksApplication: Bool) -> ServerTimes
  ) -> Bool {
    var isNews = false
    for slot in serviceSlots {
      guard let service = services[slot] else { continue }
      for server in service.serverSlots where servers[server]?.roseAt != nil {
        if updateRamp(of: server, now: now) { isNews = true }
      }
      switch service.configuration.algorithm {
      case .rt:
        let times = ServerTimes.comparable(
          service.serverSlots.map { times($0, checksApplication(ofServer: $0)) })
        if weigh(service.serverSlots, times) { isNews = true }
      case .p2c:
        let times = ServerTimes.comparable(
          service.serverSlots.map { times($0, checksApplication(ofServer: $0)) })
        for (server, known) in zip(service.serverSlots, times) where time(server, known) {
          isNews = true
        }
      case .rr, .wrr, .lc, .wlc, .maglev: break
      }
    }
    return isNews
  }

  /// Has a server start slowly, if its service has slow start.
  mutating func beginRise(of slot: UInt32, now: ContinuousClock.Instant) {
    servers[slot]?.roseAt = now
    _ = updateRamp(of: slot, now: now)
  }

  /// - Returns: whether it is another one
  private mutating func updateRamp(of slot: UInt32, now: ContinuousClock.Instant) -> Bool {
    guard var server = servers[slot] else { return false }
    let duration = services[server.serviceSlot]?.configuration.slowStart ?? .zero
    let former = server.ramp
    server.ramp = 0
    if let roseAt = server.roseAt {
      server.ramp = SlowStart.ramp(
        elapsed: max(now - roseAt, .zero).nanoseconds / 1000,
        duration: duration.nanoseconds / 1000)
    }
    if server.ramp == 0 { server.roseAt = nil }
    servers[slot] = server
    return server.ramp != former
  }

  private mutating func weigh(
    _ slots: [UInt32], _ times: [ResponseTimes.Average?]
  ) -> Bool {
    let next = ResponseWeights.next(
      zip(slots, times).map { slot, time in
        ResponseWeights.Server(
          weight: servers[slot]?.weight ?? 0, response: time,
          previous: servers[slot]?.response?.latest)
      })
    var isNews = false
    for (slot, latest) in zip(slots, next) {
      guard let server = servers[slot] else { continue }
      let published = server.weight(for: .rt)
      let differs = Self.differs(latest, published)
      if differs { isNews = true }
      servers[slot]?.response = PlannedServer.ResponseWeight(
        configured: server.weight, latest: latest, published: differs ? latest : published)
    }
    return isNews
  }

  private mutating func time(_ slot: UInt32, _ average: ResponseTimes.Average?) -> Bool {
    // 0 says that nothing is known.
    let latest = average.map { UInt32(clamping: max(1, Int64($0.microseconds.rounded()))) } ?? 0
    guard let server = servers[slot], Self.differs(latest, server.responseTime) else {
      return false
    }
    servers[slot]?.responseTime = latest
    return true
  }

  static func differs(_ latest: UInt32, _ published: UInt32) -> Bool {
    if latest == 0 || published == 0 { return latest != published }
    let difference = latest > published ? latest - published : published - latest
    return Double(difference) > Double(published) * noticeable
  }

  func algorithm(of server: PlannedServer) -> Algorithm {
    services[server.serviceSlot]?.configuration.algorithm ?? .rr
  }
}
