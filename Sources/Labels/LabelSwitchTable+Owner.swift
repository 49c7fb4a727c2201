/// Which worker owns which pairs (protocol section 4).
extension LabelSwitchTable {
  /// The pairs of worker `worker` of `workers`:
  /// `firstPair + floor(w N / W) ..< firstPair + floor((w + 1) N / W)`.
  public static func ownerRange(
    firstPair: UInt32, pairCount: UInt32, worker: UInt32, workers: UInt32
  ) -> Range<UInt32> {
    func bound(_ worker: UInt32) -> UInt32 {
      firstPair + UInt32(UInt64(worker) * UInt64(pairCount) / UInt64(workers))
    }
    return bound(worker)..<bound(worker + 1)
  }

  /// The worker that owns one of the table's pairs: the exact inverse of `ownerRange`. Worker 0 for
  /// pairs that are not the table's.
  @inlinable
  public func owner(of pair: UInt32, workers: UInt32) -> UInt32 {
    let position = UInt64(pair &- firstPair)
    guard position < UInt64(pairCount) else { return 0 }
    // The last w with floor(w N / W) <= position, that is w N < (position + 1) W.
    return UInt32(
      truncatingIfNeeded: ((position &+ 1) &* UInt64(workers) &- 1) / UInt64(pairCount))
  }
}
