import Snapshots

extension Scheduler {
  /// Steps ahead that a worker may begin, so that the first choice stays bounded.
  private static let mostStepsAhead = 64

  /// Smooth weighted round robin as nginx does it: each server gains its weight, the one that has
  /// most is chosen (the first of equals) and gives up the sum of all weights.
  ///
  /// A worker begins as if it had made worker / workers of a round of as many choices as there are
  /// servers.
  func weightedRoundRobin(
    _ candidates: Candidates, _ rotation: UnsafeMutablePointer<Rotation>
  ) -> UInt32 {
    if rotation.pointee.last == 0 {
      let round = min(candidates.count, Self.mostStepsAhead)
      var ahead = worker &* round / workers
      while ahead > 0 {
        _ = weightedStep(candidates, rotation)
        ahead = ahead &- 1
      }
    }
    return weightedStep(candidates, rotation)
  }

  private func weightedStep(
    _ candidates: Candidates, _ rotation: UnsafeMutablePointer<Rotation>
  ) -> UInt32 {
    // A server whose weight, or whose fellows, have changed may come with a current weight that was
    // right for another sum. Choosing the largest keeps it above -sum, and below sum times the
    // harmonic number of the servers (the cup game's bound): 8 sums are enough for 1,600 servers.
    let least = -rotation.pointee.total
    let most = rotation.pointee.total &* 8
    var best = noIndex
    var bestIndex = 0
    var bestCurrent = Int64.min
    var total: Int64 = 0
    var index = 0
    while index < candidates.count {
      let slot = candidates.slots[index]
      if candidates.mayTake(slot) {
        let weight = Int64(candidates.server(slot).pointee.weight)
        var current = currents[Int(truncatingIfNeeded: slot)]
        if current < least { current = least }
        if current > most { current = most }
        current = current &+ weight
        currents[Int(truncatingIfNeeded: slot)] = current
        total = total &+ weight
        if current > bestCurrent {
          best = slot
          bestIndex = index
          bestCurrent = current
        }
      }
      index = index &+ 1
    }
    if best == noIndex { return noIndex }
    currents[Int(truncatingIfNeeded: best)] = bestCurrent &- total
    rotation.pointee.total = total
    note(best, bestIndex, rotation)
    return best
  }
}
