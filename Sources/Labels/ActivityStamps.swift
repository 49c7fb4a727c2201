import Synchronization

/// When each label was last switched, by which worker: an array of 32-bit ticks a worker, one a
/// label, that only this worker writes. The owner's timer reads all of them (protocol section 5).
@frozen
public struct ActivityStamps: @unchecked Sendable {
  /// When a pair was last switched in each direction; nil where it was not.
  @frozen
  public struct Activity: Equatable, Sendable {
    public var c2s: UInt32?
    public var s2c: UInt32?

    @inlinable @inline(__always)
    public init(c2s: UInt32?, s2c: UInt32?) {
      self.c2s = c2s
      self.s2c = s2c
    }

    /// The later of the two.
    @inlinable @inline(__always)
    public var latest: UInt32? {
      guard let c2s else { return s2c }
      guard let s2c else { return c2s }
      return Int32(bitPattern: s2c &- c2s) > 0 ? s2c : c2s
    }
  }

  @usableFromInline let base: UnsafeMutablePointer<Atomic<UInt32>>
  @usableFromInline let stride: Int
  public let firstPair: UInt32
  public let pairCount: UInt32
  public let workers: UInt32

  /// Bytes of memory that the stamps of all workers take; never 0.
  public static func byteCount(pairCount: UInt32, workers: UInt32) -> Int {
    stride(pairCount) * 4 * max(1, Int(workers))
  }

  /// - Parameters:
  ///   - memory: `byteCount` zeroed bytes, 64-byte aligned, that outlive the stamps
  ///   - firstPair: the label switch table's first pair
  ///   - pairCount: the label switch table's count of pairs
  ///   - workers: how many workers switch
  public init(
    memory: UnsafeMutableRawPointer, firstPair: UInt32, pairCount: UInt32, workers: UInt32
  ) {
    stride = Self.stride(pairCount)
    base = memory.bindMemory(to: Atomic<UInt32>.self, capacity: stride * max(1, Int(workers)))
    self.firstPair = firstPair
    self.pairCount = pairCount
    self.workers = workers
  }

  /// Whole cache lines, so that no two workers write to one.
  private static func stride(_ pairCount: UInt32) -> Int { (max(1, Int(pairCount)) * 2 + 15) & ~15 }

  /// The array of one worker, for `stamp`.
  @inlinable @inline(__always)
  public func array(worker: UInt32) -> UnsafeMutablePointer<Atomic<UInt32>> {
    base + Int(truncatingIfNeeded: worker) &* stride
  }

  /// Notes that a label was switched.
  ///
  /// - Parameters:
  ///   - array: the worker's own, from `array(worker:)`
  ///   - offset: `LabelSwitchTable.offset(of:)` of a label that the table contains
  ///   - tick: the present tick. 0, which means never, is noted as 1.
  @inlinable @inline(__always)
  public static func stamp(
    _ array: UnsafeMutablePointer<Atomic<UInt32>>, offset: UInt32, tick: UInt32
  ) {
    (array + Int(truncatingIfNeeded: offset)).pointee
      .store(tick &+ (tick == 0 ? 1 : 0), ordering: .relaxed)
  }

  /// When a pair was last switched, by any worker.
  ///
  /// - Parameters:
  ///   - pair: one of the stamps' pairs; any other has no activity
  ///   - notBefore: stamps older than this tick are of an earlier session and count as none. The
  ///     difference is taken modulo 2^32, so for sessions older than 2^31 ticks (a year) give the
  ///     last activity that is known instead of the pair's giving.
  @inlinable
  public func lastActivity(pair: UInt32, notBefore: UInt32) -> Activity {
    let position = pair &- firstPair
    var result = Activity(c2s: nil, s2c: nil)
    guard position < pairCount else { return result }
    var word = base + Int(truncatingIfNeeded: position) &* 2
    // As ages after `notBefore`, so that the latest is the largest.
    var c2s: Int32 = -1
    var s2c: Int32 = -1
    var left = workers
    while left > 0 {
      let forward = word.pointee.load(ordering: .relaxed)
      if forward != 0 { c2s = max(c2s, Int32(bitPattern: forward &- notBefore)) }
      let backward = (word + 1).pointee.load(ordering: .relaxed)
      if backward != 0 { s2c = max(s2c, Int32(bitPattern: backward &- notBefore)) }
      word += stride
      left &-= 1
    }
    if c2s >= 0 { result.c2s = notBefore &+ UInt32(bitPattern: c2s) }
    if s2c >= 0 { result.s2c = notBefore &+ UInt32(bitPattern: s2c) }
    return result
  }
}
