/// What the owner knows of a pair.
extension LabelManager {
  @inlinable @inline(__always)
  public func owns(_ pair: UInt32) -> Bool { pair &- firstPair < pairCount }

  /// What the owner keeps of one of its pairs, to prefetch it.
  @inlinable @inline(__always)
  public func recordAddress(_ pair: UInt32) -> UnsafeRawPointer {
    UnsafeRawPointer(records + Int(truncatingIfNeeded: pair &- firstPair))
  }

  /// The pair that `take` gives next, to prefetch it; `UInt32.max` if there is none.
  @inlinable @inline(__always)
  public var nextFree: UInt32 { freeQueue.head == .max ? .max : firstPair &+ freeQueue.head }

  /// Where a pair is in its life; nil for another worker's.
  @inlinable @inline(__always)
  public func state(of pair: UInt32) -> PairState? {
    owns(pair) ? records[Int(truncatingIfNeeded: pair &- firstPair)].state : nil
  }

  /// How often a pair was withdrawn, modulo 2^32; 0 for another worker's.
  @inlinable @inline(__always)
  public func generation(of pair: UInt32) -> UInt32 {
    owns(pair) ? records[Int(truncatingIfNeeded: pair &- firstPair)].generation : 0
  }

  /// The session that `setSession` noted with a given pair; `UInt32.max` where there is none.
  @inlinable @inline(__always)
  public func session(of pair: UInt32) -> UInt32 { given(pair)?.pointee.session ?? .max }

  /// - Returns: false if the pair is not given
  @inlinable @discardableResult
  public mutating func setSession(_ pair: UInt32, _ session: UInt32) -> Bool {
    guard let record = given(pair) else { return false }
    record.pointee.session = session
    return true
  }

  /// The tick at which a given pair was given; 0 where there is none.
  @inlinable @inline(__always)
  public func givenAt(of pair: UInt32) -> UInt32 { given(pair)?.pointee.tick ?? 0 }
}

/// How many pairs are in each state; together they are all of `pairs`.
extension LabelManager {
  @inlinable public var free: UInt32 { counts.free }
  @inlinable public var embryonic: UInt32 { counts.embryonic }
  @inlinable public var live: UInt32 { counts.live }
  @inlinable public var closing: UInt32 { counts.closing }
  @inlinable public var quarantined: UInt32 { counts.quarantined }
}
