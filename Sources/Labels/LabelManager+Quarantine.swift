/// How pairs leave quarantine: after a time, and after every worker has passed a quiescent state, so
/// that none still acts on a word that it loaded before.
///
/// Withdrawn pairs gather in a batch. The worker seals it, starts a grace period, and completes the
/// batch when that is over.
extension LabelManager {
  /// Whether pairs were withdrawn since the last `sealBatch`.
  @inlinable public var hasUnsealed: Bool { unsealed }

  /// Ends the batch that pairs were withdrawn into, and opens the next.
  ///
  /// - Returns: the sealed batch, for `completeBatch` once a grace period that began after this call
  ///   is over
  @inlinable
  public mutating func sealBatch() -> UInt32 {
    let batch = openBatch
    openBatch &+= 1
    unsealed = false
    return batch
  }

  /// Says that a sealed batch's grace period is over, and so that of all batches before it.
  ///
  /// - Returns: false if the batch is not sealed or was completed before
  @inlinable @discardableResult
  public mutating func completeBatch(_ batch: UInt32) -> Bool {
    guard Int32(bitPattern: openBatch &- batch) > 0,
      Int32(bitPattern: batch &- completedBatch) > 0
    else { return false }
    completedBatch = batch
    return true
  }

  /// Frees pairs whose quarantine is over, oldest first, to the end of the free ones.
  ///
  /// - Parameters:
  ///   - now: the present tick
  ///   - quarantine: ticks that a pair rests
  ///   - limit: the most to free in this call
  /// - Returns: how many were freed
  @inlinable @discardableResult
  public mutating func release(now: UInt32, quarantine: UInt32, limit: Int) -> Int {
    var count = 0
    while count < limit, quarantineQueue.head != .max {
      let offset = quarantineQueue.head
      let record = records + Int(truncatingIfNeeded: offset)
      guard now &- record.pointee.tick >= quarantine,
        Int32(bitPattern: completedBatch &- record.pointee.batch) >= 0
      else { break }
      unlinkHead(&quarantineQueue, record)
      record.pointee.state = .free
      append(offset, &freeQueue, record)
      counts.quarantined &-= 1
      counts.free &+= 1
      count &+= 1
    }
    return count
  }
}
