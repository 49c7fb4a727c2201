/// Where a packet's session is.
@frozen
public struct SessionLookup: Equatable, Sendable {
  /// Index into `SessionTable.records`; `UInt32.max` if there is none.
  public var index: UInt32
  /// Whether the packet goes from the client to the server.
  public var isC2S: Bool

  @inlinable @inline(__always)
  public init(index: UInt32, isC2S: Bool) {
    self.index = index
    self.isC2S = isC2S
  }

  @inlinable @inline(__always)
  public var isFound: Bool { index != .max }
}

/// One worker's sessions by key.
///
/// Buckets of one cache line hold ten 16-bit signatures and record indices (the shape of Facebook's
/// F14, 2019). A packet's bucket comes from the hash's high bits. A full bucket sends an entry on to
/// another by double hashing and counts it, and a search goes on past a bucket only while that count
/// is not 0. Nothing is ever moved. Slots are 1.25 times the capacity, and the number of buckets is
/// prime, so that every bucket is reached: the last record finds its slot too.
@frozen
public struct SessionTable {
  @usableFromInline let buckets: UnsafeMutableRawPointer
  @usableFromInline let bucketCount: UInt64
  public let records: UnsafeMutablePointer<SessionRecord>
  public let capacity: Int
  /// The keyed hash that the table's users hash with.
  public let hash: SessionHash
  @usableFromInline var used: UInt32 = 0
  /// Records from here on were never used.
  public var highWater: UInt32 = 0
  @usableFromInline var freeHead: UInt32 = .max

  /// Sessions in the table.
  @inlinable @inline(__always)
  public var count: Int { Int(truncatingIfNeeded: used) }

  /// The most records a table can have.
  public static let maximumCapacity = 1 << 26

  /// Bytes of memory for so many sessions: 128 a session and 64 a bucket for every five.
  ///
  /// - Parameter capacity: 1 ... `maximumCapacity`; what lies outside is taken as the nearer end
  public static func byteCount(capacity: Int) -> Int {
    let capacity = clamped(capacity)
    return Int(bucketCount(capacity)) * 64 + capacity * 128
  }

  /// Takes no time over the memory, whatever its size.
  ///
  /// - Parameters:
  ///   - memory: `byteCount` zeroed bytes, 64-byte aligned, that outlive the table
  ///   - capacity: as for `byteCount`
  ///   - hash: what the keys will be hashed with
  public init(memory: UnsafeMutableRawPointer, capacity: Int, hash: SessionHash) {
    self.capacity = Self.clamped(capacity)
    self.hash = hash
    buckets = memory
    bucketCount = Self.bucketCount(self.capacity)
    records = (memory + Int(bucketCount) * 64)
      .bindMemory(to: SessionRecord.self, capacity: self.capacity)
  }

  private static func clamped(_ capacity: Int) -> Int { min(max(capacity, 1), maximumCapacity) }

  /// The least prime of at least a fifth of the capacity: of a full table's sessions one in 300 goes on
  /// past its first bucket, which prefetching does not reach.
  private static func bucketCount(_ capacity: Int) -> UInt64 {
    var candidate = max(2, UInt64(capacity + 4) / 5)
    while !isPrime(candidate) { candidate += 1 }
    return candidate
  }

  private static func isPrime(_ number: UInt64) -> Bool {
    var divisor: UInt64 = 2
    while divisor * divisor <= number {
      if number % divisor == 0 { return false }
      divisor += 1
    }
    return true
  }
}
