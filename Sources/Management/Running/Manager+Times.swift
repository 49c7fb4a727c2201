import AdminProtocol
import Balancing
import Snapshots

/// How fast servers answer, as far as it is known.
extension Manager {
  /// What the algorithms are told of a server.
  func times(of slot: UInt32, checksApplication: Bool) -> ServerTimes {
    ServerTimes(
      requests: appliance.responseTime(server: slot),
      checks: checksApplication ? checkTime(of: slot) : nil,
      network: appliance.networkTime(server: slot))
  }

  /// What is shown: what is nearest to what clients wait for.
  func responseTime(of slot: UInt32) -> Duration? {
    requestTime(of: slot) ?? checkTime(of: slot).map(Self.duration) ?? networkTime(of: slot)
  }

  private func checkTime(of slot: UInt32) -> ResponseTimes.Average? {
    health.view(slot: slot, now: .now)?.responseTime
  }

  func requestTime(of slot: UInt32) -> Duration? {
    appliance.responseTime(server: slot).map(Self.duration)
  }

  func networkTime(of slot: UInt32) -> Duration? {
    appliance.networkTime(server: slot).map(Self.duration)
  }

  private static func duration(_ average: ResponseTimes.Average) -> Duration {
    .nanoseconds(Int64((average.microseconds * 1000).rounded()))
  }

  func describeTimes(of slot: UInt32) -> [(String, JSONValue)] {
    [
      ("response_time_us", microseconds(responseTime(of: slot))),
      ("request_time_us", microseconds(requestTime(of: slot))),
      ("network_time_us", microseconds(networkTime(of: slot))),
    ]
  }
}
