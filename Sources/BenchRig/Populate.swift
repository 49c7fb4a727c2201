import Dataplane
import Snapshots

extension Rig {
  /// Makes live sessions of flows 0 ..< n as hosts do: the client speaks, its server answers, the
  /// client speaks again. Flow f gets the f-th pair, as long as there are pairs.
  func populate(_ n: Int, isIPv6: Bool) throws(BenchFailure) {
    let up = FrameWriter(FrameKind(.toServer, isIPv6: isIPv6))
    let down = FrameWriter(FrameKind(.toClient, isIPv6: isIPv6))
    var first = 0
    while first < n {
      let flows = first..<min(first + Appliance.burstSize, n)
      try handle(flows, up, port: 0)
      try handle(flows, down, port: ports.count - 1)
      try handle(flows, up, port: 0)
      first = flows.upperBound
    }
    let pairs = appliance.pairCounts
    let wanted = min(n, pairs.capacity)
    guard appliance.sessionCount == n, pairs.live == wanted else {
      throw BenchFailure(
        "\(appliance.sessionCount) sessions and \(pairs.live) live pairs were made of \(n) and"
          + " \(wanted)", code: 1)
    }
  }
}
