extension SessionTable {
  /// The cache line that `find` reads first, to prefetch.
  @inlinable @inline(__always)
  public func bucketAddress(_ hash: UInt64) -> UnsafeRawPointer {
    UnsafeRawPointer(pointer(firstBucket(hash)))
  }

  /// The index of the record that `find` probably finds, to prefetch it once its bucket has come;
  /// `UInt32.max` if the first bucket has none.
  @inlinable @inline(__always)
  public func firstCandidate(_ hash: UInt64) -> UInt32 {
    let bucket = pointer(firstBucket(hash))
    let slots = Self.slots(bucket, Self.signature(hash))
    return slots == 0 ? .max : Self.recordIndex(bucket, Self.lowest(slots))
  }

  /// The session of a packet, whichever way it goes.
  ///
  /// - Parameters:
  ///   - tuple: the packet's
  ///   - hash: the table's hash of it
  @inlinable @inline(__always)
  public mutating func find(_ tuple: FlowTuple, _ hash: UInt64) -> SessionLookup {
    let bucket = pointer(firstBucket(hash))
    if Self.slots(bucket, Self.signature(hash)) == 0, Self.overflow(bucket) == 0 {
      return SessionLookup(index: .max, isC2S: false)
    }
    return search(tuple, hash)
  }

  @inlinable @inline(never)
  mutating func search(_ tuple: FlowTuple, _ hash: UInt64) -> SessionLookup {
    let signature = Self.signature(hash)
    let step = probeStep(hash)
    let reversed = tuple.reversed
    var number = firstBucket(hash)
    var left = bucketCount
    while left > 0 {
      let bucket = pointer(number)
      var slots = Self.slots(bucket, signature)
      while slots != 0 {
        let index = Self.recordIndex(bucket, Self.lowest(slots))
        let record = records + Int(truncatingIfNeeded: index)
        if record.pointee.isC2S(tuple) { return SessionLookup(index: index, isC2S: true) }
        if record.pointee.isC2S(reversed) { return SessionLookup(index: index, isC2S: false) }
        slots &= slots &- 1
      }
      if Self.overflow(bucket) == 0 { break }
      number = next(number, step)
      left &-= 1
    }
    return SessionLookup(index: .max, isC2S: false)
  }
}
