import Synchronization

/// The label switch table, shared by all workers: two 64-bit words a pair, side by side, the
/// client-to-server direction first. A pair's owner writes, any worker reads (protocol section 5).
@frozen
public struct LabelSwitchTable: @unchecked Sendable {
  @usableFromInline let words: UnsafeMutablePointer<Atomic<UInt64>>
  /// The client-to-server label of the first pair.
  public let firstLabel: UInt32
  /// Twice `pairCount`.
  public let labelCount: UInt32
  public let firstPair: UInt32
  public let pairCount: UInt32

  /// Bytes of memory that a table takes; never 0.
  public static func byteCount(pairCount: UInt32) -> Int {
    (max(1, Int(pairCount)) * 16 + 63) & ~63
  }

  /// - Parameters:
  ///   - memory: `byteCount` zeroed bytes, 64-byte aligned, that outlive the table
  ///   - firstPair: the lowest pair that is given
  ///   - pairCount: how many pairs from there on
  public init(memory: UnsafeMutableRawPointer, firstPair: UInt32, pairCount: UInt32) {
    words = memory.bindMemory(to: Atomic<UInt64>.self, capacity: max(1, Int(pairCount)) * 2)
    firstLabel = SessionLabel.c2s(firstPair)
    labelCount = pairCount << 1
    self.firstPair = firstPair
    self.pairCount = pairCount
  }

  /// A label's place among the table's labels: what `ActivityStamps` are indexed by. At or past
  /// `labelCount` for every label that is not the table's.
  @inlinable @inline(__always)
  public func offset(of label: UInt32) -> UInt32 { label &- firstLabel }

  @inlinable @inline(__always)
  public func contains(label: UInt32) -> Bool { offset(of: label) < labelCount }

  /// The label's entry, by one acquiring load; the word 0 for labels that are not the table's.
  @inlinable @inline(__always)
  public func load(label: UInt32) -> LabelEntry {
    let offset = offset(of: label)
    guard offset < labelCount else { return LabelEntry(rawValue: 0) }
    return LabelEntry(
      rawValue: (words + Int(truncatingIfNeeded: offset)).pointee.load(ordering: .acquiring))
  }

  /// The entry at a label's offset, which is below `labelCount`, by one acquiring load.
  @inlinable @inline(__always)
  public func load(offset: UInt32) -> LabelEntry {
    LabelEntry(
      rawValue: (words + Int(truncatingIfNeeded: offset)).pointee.load(ordering: .acquiring))
  }

  /// Where the entry at a label's offset, below `labelCount`, lies: for prefetching.
  @inlinable @inline(__always)
  public func address(offset: UInt32) -> UnsafeRawPointer {
    UnsafeRawPointer(words + Int(truncatingIfNeeded: offset))
  }

  /// Where a label's entry lies, for prefetching. The table's beginning for labels that are not the
  /// table's.
  @inlinable @inline(__always)
  public func address(label: UInt32) -> UnsafeRawPointer {
    let offset = offset(of: label)
    let clamped = offset < labelCount ? offset : 0
    return UnsafeRawPointer(words + Int(truncatingIfNeeded: clamped))
  }

  /// Publishes an entry, by one releasing store. For the pair's owner alone; labels that are not the
  /// table's are passed over.
  @inlinable @inline(__always)
  public func store(label: UInt32, entry: LabelEntry) {
    let offset = offset(of: label)
    guard offset < labelCount else { return }
    (words + Int(truncatingIfNeeded: offset)).pointee.store(entry.rawValue, ordering: .releasing)
  }
}
