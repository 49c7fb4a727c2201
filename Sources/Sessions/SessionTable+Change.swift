extension SessionTable {
  /// Makes a session, embryonic, all else of its record at its default. The key must not be in the
  /// table yet.
  ///
  /// - Parameters:
  ///   - tuple: the key as the client's packets show it
  ///   - hash: the table's hash of it
  /// - Returns: the record's index, or `UInt32.max` if the table is full
  @inlinable @inline(__always)
  public mutating func insert(_ tuple: FlowTuple, _ hash: UInt64) -> UInt32 {
    let index: UInt32
    if freeHead != .max {
      index = freeHead
      freeHead = (records + Int(truncatingIfNeeded: index)).pointee.nextFree
    } else if Int(truncatingIfNeeded: highWater) < capacity {
      index = highWater
      highWater &+= 1
    } else {
      return .max
    }
    (records + Int(truncatingIfNeeded: index)).initialize(to: SessionRecord(tuple, hash: hash))
    used &+= 1
    let step = probeStep(hash)
    var number = firstBucket(hash)
    while true {
      let bucket = pointer(number)
      let empty = Self.slots(bucket, 0)
      if empty != 0 {
        let slot = Self.lowest(empty)
        Self.setSignature(bucket, slot, Self.signature(hash))
        bucket.storeBytes(of: index, toByteOffset: 24 &+ slot &* 4, as: UInt32.self)
        return index
      }
      Self.changeOverflow(bucket, 1)
      number = next(number, step)
    }
  }

  /// The record that `insert` takes next, to prefetch it; nil if the table is full.
  @inlinable @inline(__always)
  public var nextRecord: UnsafeMutablePointer<SessionRecord>? {
    if freeHead != .max { return records + Int(truncatingIfNeeded: freeHead) }
    return Int(truncatingIfNeeded: highWater) < capacity
      ? records + Int(truncatingIfNeeded: highWater) : nil
  }

  /// Ends a session. It must not be in a timer wheel any more.
  ///
  /// - Returns: false if there is no such session
  @inlinable @inline(__always) @discardableResult
  public mutating func remove(_ index: UInt32) -> Bool {
    guard index < highWater else { return false }
    let record = records + Int(truncatingIfNeeded: index)
    guard record.pointee.isInUse else { return false }
    let hash = record.pointee.hash
    let signature = Self.signature(hash)
    let step = probeStep(hash)
    var number = firstBucket(hash)
    // The entry is on its way of probing, so this ends.
    while true {
      let bucket = pointer(number)
      var slots = Self.slots(bucket, signature)
      while slots != 0 {
        let slot = Self.lowest(slots)
        if Self.recordIndex(bucket, slot) == index {
          Self.setSignature(bucket, slot, 0)
          record.pointee.isInUse = false
          record.pointee.nextFree = freeHead
          freeHead = index
          used &-= 1
          return true
        }
        slots &= slots &- 1
      }
      Self.changeOverflow(bucket, 0xffff)
      number = next(number, step)
    }
  }
}
