/// Where a pair is in its life (protocol section 4).
public enum PairState: UInt8, Sendable, CaseIterable {
  case free, embryonic, live, closing, quarantined

  /// What the label switch sees of it.
  @inlinable @inline(__always)
  public var labelState: LabelState {
    switch self {
    case .free, .quarantined: .none
    case .embryonic: .embryonic
    case .live: .live
    case .closing: .closing
    }
  }
}

/// The answer to a wish for a pair.
public enum LabelGrant: Equatable, Sendable {
  case pair(UInt32)
  /// No pair is free.
  case exhausted
  /// A pair is free, but as many as may be are embryonic already.
  case embryonicFull
}

/// One worker's label manager: it owns a range of pairs and leads each through its life,
/// `free -> embryonic -> live <-> closing -> quarantined -> free` (protocol section 4).
///
/// Free pairs are a FIFO, quarantined ones another; both are linked through the pairs' own records.
/// Plain and single-threaded: only the words of the label switch table are seen by other workers. A
/// step that a pair's state does not allow is refused with false and changes nothing.
@frozen
public struct LabelManager {
  @frozen @usableFromInline
  struct PairRecord {
    /// The next in the FIFO that holds the pair, as an offset in the range.
    @usableFromInline var next: UInt32
    @usableFromInline var session: UInt32
    @usableFromInline var generation: UInt32
    /// When it was given, or when it was withdrawn.
    @usableFromInline var tick: UInt32
    /// While quarantined, the batch it was withdrawn in.
    @usableFromInline var batch: UInt32
    @usableFromInline var state: PairState
    /// Of a given pair, what its words say: the state's, or embryonic to have every packet analysed.
    @usableFromInline var labelState: LabelState
  }

  @frozen @usableFromInline
  struct Queue {
    @usableFromInline var head: UInt32 = .max
    @usableFromInline var tail: UInt32 = .max
    @usableFromInline init() {}
  }

  @frozen @usableFromInline
  struct Counts {
    @usableFromInline var free: UInt32
    @usableFromInline var embryonic: UInt32 = 0
    @usableFromInline var live: UInt32 = 0
    @usableFromInline var closing: UInt32 = 0
    @usableFromInline var quarantined: UInt32 = 0
    init(free: UInt32) { self.free = free }
  }

  @usableFromInline let records: UnsafeMutablePointer<PairRecord>
  @usableFromInline let table: LabelSwitchTable
  @usableFromInline let firstPair: UInt32
  @usableFromInline let pairCount: UInt32
  @usableFromInline var freeQueue = Queue()
  @usableFromInline var quarantineQueue = Queue()
  /// The batch that is withdrawn into, and the last one whose grace period is over.
  @usableFromInline var openBatch: UInt32 = 1
  @usableFromInline var completedBatch: UInt32 = 0

  @usableFromInline var counts: Counts
  @usableFromInline var unsealed = false

  /// Percent of the pairs that may be embryonic at a time.
  public var embryonicShare: UInt32 {
    didSet { embryonicLimit = Self.limit(pairCount, embryonicShare) }
  }
  /// The same as a count: rounded down, but at least 1.
  public private(set) var embryonicLimit: UInt32

  /// The pairs that this worker owns.
  public var pairs: Range<UInt32> { firstPair..<firstPair + pairCount }

  /// Bytes of memory for so many pairs; never 0.
  public static func byteCount(pairCount: UInt32) -> Int {
    (max(1, Int(pairCount)) * MemoryLayout<PairRecord>.stride + 63) & ~63
  }

  /// - Parameters:
  ///   - memory: `byteCount` bytes, 64-byte aligned, that outlive the manager
  ///   - table: the label switch table, whose words of these pairs are 0
  ///   - pairs: the range of pairs owned, all of them the table's
  ///   - startAt: the pair that is given first. One outside the range stands for the lowest.
  ///   - embryonicShare: percent of the pairs that may be embryonic
  public init(
    memory: UnsafeMutableRawPointer, table: LabelSwitchTable, pairs: Range<UInt32>,
    startAt: UInt32, embryonicShare: UInt32
  ) {
    let count = UInt32(pairs.count)
    records = memory.bindMemory(to: PairRecord.self, capacity: max(1, Int(count)))
    self.table = table
    firstPair = pairs.lowerBound
    pairCount = count
    counts = Counts(free: count)
    self.embryonicShare = embryonicShare
    embryonicLimit = Self.limit(count, embryonicShare)
    guard count > 0 else { return }
    let start = pairs.contains(startAt) ? startAt - pairs.lowerBound : 0
    for offset in 0..<count {
      var record = PairRecord(
        next: offset + 1 == count ? 0 : offset + 1, session: .max, generation: 0, tick: 0,
        batch: 0, state: .free, labelState: .none)
      if record.next == start {
        record.next = .max
        freeQueue.tail = offset
      }
      (records + Int(offset)).initialize(to: record)
    }
    freeQueue.head = start
  }

  private static func limit(_ count: UInt32, _ share: UInt32) -> UInt32 {
    UInt32(max(1, UInt64(count) * UInt64(min(share, 100)) / 100))
  }
}
