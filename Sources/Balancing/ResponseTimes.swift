import Synchronization

/// How long servers take to answer, as all workers see it: for each server a mean of samples whose
/// weight halves with every half-life of age (forward decay: Cormode, Shkapenyuk, Srivastava, Xu,
/// ICDE 2009).
///
/// Each worker keeps sums of its own samples, so that one mean over all of them can be read at any
/// time, by any thread. A server that gets no samples keeps its mean, but less and less of it is
/// known: the reader sees by how many samples' weight it is backed.
@frozen
public struct ResponseTimes: @unchecked Sendable {
  @usableFromInline let memory: UnsafeMutableRawPointer
  @usableFromInline let workers: Int
  /// Bytes from one worker's block to the next one's.
  @usableFromInline let stride: Int
  @usableFromInline let halfLife: UInt32

  /// Of one server, on one worker.
  @frozen @usableFromInline
  struct Sums: ~Copyable {
    /// In one word, so that nobody reads halves of different age: from bit 24 the sum of samples in
    /// 16ths of a microsecond, below it their weight in 256ths of a sample.
    let packed = Atomic<UInt64>(0)
    /// The tick that they are decayed to.
    let tick = Atomic<UInt32>(0)
    var reserved: UInt32 = 0
    init() {}
  }

  public struct Average: Sendable, Equatable {
    public var microseconds: Double
    /// The samples' weight: a sample of this moment counts 1.
    public var samples: Double

    public init(microseconds: Double, samples: Double) {
      self.microseconds = microseconds
      self.samples = samples
    }
  }

  /// The bytes that `init` needs, a multiple of 64.
  public static func byteCount(workers: Int, servers: Int) -> Int {
    workers * Region.round(servers * MemoryLayout<Sums>.stride)
  }

  /// - Parameters:
  ///   - memory: zeroed, 64-byte aligned, `byteCount` long; shared by all workers
  ///   - halfLife: of a sample, in ticks of the caller's clock; at least 1
  public init(memory: UnsafeMutableRawPointer, workers: Int, servers: Int, halfLife: UInt32) {
    self.memory = memory
    self.workers = workers
    stride = Region.round(servers * MemoryLayout<Sums>.stride)
    self.halfLife = max(halfLife, 1)
  }

  /// The greatest sample: 16.8 s. What took longer counts as much.
  public static let mostMicroseconds: UInt32 = 0xff_ffff
  private static let weightBits: UInt64 = 24
  private static let weightMask: UInt64 = 0xff_ffff

  /// Adds a sample. Only by this worker.
  ///
  /// - Parameters:
  ///   - server: the slot
  ///   - now: the present tick
  public func record(worker: Int, server: UInt32, microseconds: UInt32, now: UInt32) {
    let sums = sums(worker, server)
    let packed = sums.pointee.packed.load(ordering: .relaxed)
    let elapsed = now &- sums.pointee.tick.load(ordering: .relaxed)
    var sum = decay(packed >> Self.weightBits, elapsed)
    var weight = decay(packed & Self.weightMask, elapsed)
    sum = sum &+ UInt64(min(microseconds, Self.mostMicroseconds)) << 4
    weight = weight &+ 256
    // The mean stays, and later samples count the more.
    if sum >= 1 << 39 || weight >= 1 << 23 {
      sum = sum >> 1
      weight = weight >> 1
    }
    sums.pointee.packed.store(sum << Self.weightBits | weight, ordering: .relaxed)
    sums.pointee.tick.store(now, ordering: .relaxed)
  }

  /// What is known of a server over all workers; nil if nothing is, or it is too long ago.
  ///
  /// A sample that is recorded meanwhile may count as old or as new.
  public func average(server: UInt32, now: UInt32) -> Average? {
    var sum = 0.0
    var weight = 0.0
    for worker in 0..<workers {
      let sums = sums(worker, server)
      let packed = sums.pointee.packed.load(ordering: .relaxed)
      // Negative where the worker's clock is ahead of the reader's.
      let age = max(0, Int32(bitPattern: now &- sums.pointee.tick.load(ordering: .relaxed)))
      sum += Double(decay(packed >> Self.weightBits, UInt32(age))) / 16
      weight += Double(decay(packed & Self.weightMask, UInt32(age))) / 256
    }
    return weight > 0 ? Average(microseconds: sum / weight, samples: weight) : nil
  }

  /// Makes a server one of which nothing is known. Only while no worker records samples of it.
  public func forget(server: UInt32) {
    for worker in 0..<workers {
      sums(worker, server).pointee.packed.store(0, ordering: .relaxed)
    }
  }

  @inline(__always)
  private func sums(_ worker: Int, _ server: UInt32) -> UnsafeMutablePointer<Sums> {
    (memory + worker &* stride).assumingMemoryBound(to: Sums.self)
      + Int(truncatingIfNeeded: server)
  }

  /// Times 2^(-elapsed / halfLife). Within a half-life by the parabola that has the value at both ends
  /// and the slope at the first; it is never off by more than 0.8 %.
  @inline(__always)
  private func decay(_ value: UInt64, _ elapsed: UInt32) -> UInt64 {
    if elapsed == 0 || value == 0 { return value }
    let halves = elapsed / halfLife
    if halves >= 40 { return 0 }
    // In 65,536ths: 1 - x ln 2 + x^2 (ln 2 - 1/2).
    let x = (UInt64(elapsed % halfLife) << 16) / UInt64(halfLife)
    let factor = 65_536 &- (x &* (45_426 &- (12_658 &* x) >> 16)) >> 16
    return ((value &* factor &+ 32_768) >> 16) >> UInt64(halves)
  }
}
