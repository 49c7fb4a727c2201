import Snapshots

extension Scheduler {
  /// The index at which the next look over the servers begins: behind the server chosen last, or
  /// where it stood if it is gone; before the first choice, worker / workers of the way.
  @inline(__always)
  func start(_ candidates: Candidates, _ rotation: UnsafeMutablePointer<Rotation>) -> Int {
    let count = candidates.count
    let last = rotation.pointee.last
    if last == 0 { return worker &* count / workers }
    let slot = last &- 1
    let index = Int(rotation.pointee.index)
    if index < count, candidates.slots[index] == slot { return next(index, count) }
    var other = 0
    while other < count {
      if candidates.slots[other] == slot { return next(other, count) }
      other = other &+ 1
    }
    return index < count ? index : 0
  }

  @inline(__always)
  func next(_ index: Int, _ count: Int) -> Int { index &+ 1 == count ? 0 : index &+ 1 }

  @inline(__always)
  func note(_ slot: UInt32, _ index: Int, _ rotation: UnsafeMutablePointer<Rotation>) {
    rotation.pointee.last = slot &+ 1
    rotation.pointee.index = UInt32(truncatingIfNeeded: index)
  }

  mutating func roundRobin(
    _ candidates: Candidates, _ rotation: UnsafeMutablePointer<Rotation>
  ) -> UInt32 {
    var index = start(candidates, rotation)
    var left = candidates.count
    while left > 0 {
      let slot = candidates.slots[index]
      if candidates.isReachable(slot), candidates.mayTake(slot) {
        note(slot, index, rotation)
        return slot
      }
      index = next(index, candidates.count)
      left = left &- 1
    }
    return noIndex
  }
}
