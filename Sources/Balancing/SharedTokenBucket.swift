import Synchronization

/// Token buckets that all workers draw on without a lock or an atomic exchange. A bucket holds what
/// its rate yields in one second, and begins full.
///
/// Counted in time: a token costs a second divided by the rate, and a bucket's state is the moment
/// at which it would be full again. That moment is the sum of the cost of all tokens ever taken and
/// of all time ever spent full. The first part is a sum of counters, one a worker. The second is
/// now less the cost, at its greatest; its greatest values lie right before tokens are taken, so
/// each worker notes the greatest that it saw when it took one, and the greatest of these notes is
/// the bucket's. Thus no token is lost from the account: W workers that look at the same time may
/// take W - 1 too many, and the bucket then owes them. Whatever the rate changes to, the bucket
/// stays as full as it was, in parts of its size.
@frozen
public struct SharedTokenBucket: @unchecked Sendable {
  @usableFromInline let memory: UnsafeMutableRawPointer
  @usableFromInline let worker: Int
  @usableFromInline let workers: Int
  /// Bytes from one worker's block to the next one's.
  @usableFromInline let stride: Int

  @usableFromInline static let second: UInt64 = 1_000_000_000

  /// One bucket in one worker's block. Times are in nanoseconds.
  @frozen @usableFromInline
  struct Share: ~Copyable {
    /// The greatest time spent full that this worker saw.
    @usableFromInline let full = Atomic<UInt64>(0)
    /// The cost of the tokens that this worker took.
    @usableFromInline let spent = Atomic<UInt64>(0)
    /// What is left of dividing seconds by rates, below the rate: some tokens cost 1 ns more.
    @usableFromInline var remainder: UInt64 = 0
    @usableFromInline var reserved: UInt64 = 0
    init() {}
  }

  /// The bytes that `init` needs, a multiple of 64.
  public static func byteCount(workers: Int, buckets: Int) -> Int {
    workers * Region.round(buckets * MemoryLayout<Share>.stride)
  }

  /// - Parameters:
  ///   - memory: zeroed, 64-byte aligned, `byteCount` long; shared by all workers
  ///   - worker: who takes by this value
  public init(memory: UnsafeMutableRawPointer, worker: Int, workers: Int, buckets: Int) {
    self.memory = memory
    self.worker = worker
    self.workers = workers
    stride = Region.round(buckets * MemoryLayout<Share>.stride)
  }

  /// Whether a token is there. Takes none.
  ///
  /// - Parameters:
  ///   - rate: tokens a second; 0 gives none
  ///   - now: nanoseconds of a clock that all workers share and that never goes back, below 2^63
  public func holds(_ bucket: UInt32, rate: UInt32, now: UInt64) -> Bool {
    guard rate > 0 else { return false }
    var full: UInt64 = 0
    var spent: UInt64 = 0
    var other = 0
    while other < workers {
      let share = share(other, bucket)
      let seen = share.pointee.full.load(ordering: .relaxed)
      if seen > full { full = seen }
      spent = spent &+ share.pointee.spent.load(ordering: .relaxed)
      other = other &+ 1
    }
    if now > spent, now &- spent > full {
      full = now &- spent
      share(worker, bucket).pointee.full.store(full, ordering: .relaxed)
    }
    return full &+ spent &+ cost(share(worker, bucket), rate) <= now &+ Self.second
  }

  /// Takes a token that `holds` has just found.
  public func spend(_ bucket: UInt32, rate: UInt32) {
    guard rate > 0 else { return }
    let own = share(worker, bucket)
    let cost = cost(own, rate)
    own.pointee.spent.store(
      own.pointee.spent.load(ordering: .relaxed) &+ cost, ordering: .relaxed)
    let rest = own.pointee.remainder &+ Self.second % UInt64(rate)
    own.pointee.remainder = rest >= UInt64(rate) ? rest &- UInt64(rate) : rest
  }

  /// Takes a token if there is one; parameters as of `holds`.
  public func take(_ bucket: UInt32, rate: UInt32, now: UInt64) -> Bool {
    guard holds(bucket, rate: rate, now: now) else { return false }
    spend(bucket, rate: rate)
    return true
  }

  @inline(__always)
  private func share(_ worker: Int, _ bucket: UInt32) -> UnsafeMutablePointer<Share> {
    (memory + worker &* stride).assumingMemoryBound(to: Share.self)
      + Int(truncatingIfNeeded: bucket)
  }

  /// Of the next token: a second's worth of them costs exactly a second.
  @inline(__always)
  private func cost(_ own: UnsafeMutablePointer<Share>, _ rate: UInt32) -> UInt64 {
    let quotient = Self.second / UInt64(rate)
    let rest = own.pointee.remainder &+ Self.second % UInt64(rate)
    return rest >= UInt64(rate) ? quotient &+ 1 : quotient
  }
}
