import Snapshots

extension Scheduler {
  /// How a service's weights are scaled: by 256ths where any server starts slowly, not at all
  /// otherwise, so that small weights stay small and wrr's rounds short. Then down to as many bits as
  /// the algorithm has for weights: 32, or 16 where loads are divided by them.
  struct WeightScale {
    /// Of a server that does not start slowly.
    private let full: UInt64
    private let shift: UInt64

    init(_ record: UnsafePointer<ServiceRecord>, _ snapshot: Snapshot) {
      let slots = snapshot.slots(of: record)
      var anyRamp: UInt8 = 0
      var allWeights: UInt32 = 0
      var index = 0
      while index < Int(record.pointee.serverCount) {
        let server = snapshot.servers + Int(truncatingIfNeeded: slots[index])
        anyRamp |= server.pointee.ramp
        allWeights |= server.pointee.weight
        index = index &+ 1
      }
      full = anyRamp == 0 ? 1 : 256
      let most = record.pointee.algorithm == .wrr ? 32 : 16
      let bits = 32 - allWeights.leadingZeroBitCount + (anyRamp == 0 ? 0 : 8)
      shift = UInt64(max(0, bits - most))
    }

    @inline(__always)
    func weight(_ weight: UInt32, ramp: UInt8) -> UInt32 {
      let part = ramp == 0 ? full : UInt64(ramp)
      return UInt32(truncatingIfNeeded: max(1, (UInt64(weight) &* part) >> shift))
    }
  }
}

extension Scheduler.Seat {
  @inline(__always)
  init(
    _ slot: UInt32, _ server: UnsafePointer<ServerRecord>, weight: UInt32,
    _ scale: Scheduler.WeightScale, turn: UInt64
  ) {
    self.init(
      slot: slot, weight: 0, limit: 0, sessions: 0, reciprocal: 0, turn: turn,
      responseTime: server.pointee.responseTime, reserved: 0)
    guard server.pointee.takesNewSessions, server.pointee.isReachable else { return }
    self.weight = scale.weight(weight, ramp: server.pointee.ramp)
    limit = server.pointee.maxSessions == 0 ? .max : server.pointee.maxSessions
    reciprocal = self.weight == 1 ? .max : .max / UInt64(self.weight)
  }
}
