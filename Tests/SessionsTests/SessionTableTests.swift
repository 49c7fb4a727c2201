import TestSupport
import Testing
import Wire

@testable import Sessions

@Suite struct SessionTableTests {
  static let hash = SessionHash(secret0: 11, secret1: 22)

  @Test func recordIsTwoCacheLines() {
    #expect(MemoryLayout<SessionRecord>.size == 128)
    #expect(MemoryLayout<SessionRecord>.stride == 128)
    #expect(MemoryLayout<SessionRecord>.offset(of: \.service) == 64)
  }

  @Test func sizes() {
    // 1 Mi sessions: 209,717 is the least prime of at least 209,716.
    #expect(SessionTable.byteCount(capacity: 1 << 20) == 209_717 * 64 + (1 << 20) * 128)
    #expect(SessionTable.byteCount(capacity: 1) == 2 * 64 + 128)
    #expect(SessionTable.byteCount(capacity: 0) == SessionTable.byteCount(capacity: 1))
    #expect(
      SessionTable.byteCount(capacity: .max)
        == SessionTable.byteCount(capacity: SessionTable.maximumCapacity))
    for capacity in [1, 5, 16, 17, 1000, 12_345] {
      let buckets = (SessionTable.byteCount(capacity: capacity) - capacity * 128) / 64
      #expect(buckets * 10 * 4 >= capacity * 5)
    }
  }

  @Test func everyTableFitsItsMemory() {
    for capacity in 1...40 {
      let memory = Memory(SessionTable.byteCount(capacity: capacity))
      let table = SessionTable(memory: memory.base, capacity: capacity, hash: Self.hash)
      let end =
        UnsafeRawPointer(table.records) - UnsafeRawPointer(memory.base) + capacity * 128
      #expect(end == SessionTable.byteCount(capacity: capacity))
      #expect(UInt(bitPattern: table.records) % 64 == 0)
    }
  }

  @Test func aNewRecord() {
    let memory = Memory(SessionTable.byteCount(capacity: 4))
    var table = SessionTable(memory: memory.base, capacity: 4, hash: Self.hash)
    let tuple = FlowTuple("192.0.2.1", 40_000, "203.0.113.10", 80)
    let hash = table.hash.hash(tuple)
    #expect(table.firstCandidate(hash) == .max)
    #expect(!table.find(tuple, hash).isFound)
    let index = table.insert(tuple, hash)
    let record = table.records[Int(index)]
    #expect(record.tuple == tuple)
    #expect(record.clientPort == 40_000 && record.virtualPort == 80)
    #expect(record.protocolNumber == 6 && record.family == 4)
    #expect(record.state == .embryonic && record.flags == 0)
    #expect(record.pair == .max && record.service == .max && record.server == .max)
    #expect(record.adjacencyToServer == .max && record.adjacencyToClient == .max)
    #expect(table.find(tuple, hash) == SessionLookup(index: index, isC2S: true))
    #expect(table.find(tuple.reversed, hash) == SessionLookup(index: index, isC2S: false))
    #expect(table.firstCandidate(hash) == index)
    #expect(table.count == 1)
    #expect(table.remove(index) == true)
    #expect(table.remove(index) == false)
    #expect(table.remove(3) == false)
    #expect(table.remove(.max) == false)
    #expect(table.count == 0)
    #expect(!table.find(tuple, hash).isFound)
  }

  /// All that differs in one respect is another session, even with the same hash.
  @Test func noAlias() {
    let memory = Memory(SessionTable.byteCount(capacity: 4))
    var table = SessionTable(memory: memory.base, capacity: 4, hash: Self.hash)
    let tuple = FlowTuple("192.0.2.1", 40_000, "203.0.113.10", 80)
    _ = table.insert(tuple, 99)
    let others = [
      FlowTuple("192.0.2.2", 40_000, "203.0.113.10", 80),
      FlowTuple("192.0.2.1", 40_000, "203.0.113.11", 80),
      FlowTuple("192.0.2.1", 40_001, "203.0.113.10", 80),
      FlowTuple("192.0.2.1", 40_000, "203.0.113.10", 81),
      FlowTuple("192.0.2.1", 80, "203.0.113.10", 40_000),
      FlowTuple("203.0.113.10", 40_000, "192.0.2.1", 80),
      FlowTuple("192.0.2.1", 40_000, "203.0.113.10", 80, protocolNumber: 17),
      FlowTuple("192.0.2.1", 40_000, "203.0.113.10", 80, family: 6),
    ]
    for other in others { #expect(!table.find(other, 99).isFound) }
  }

  /// How the hashes of the model tests come about.
  enum Hashing: CaseIterable {
    case keyed
    /// 16 signatures in all.
    case fewSignatures
    /// All probing begins at three buckets.
    case fewBuckets
    /// One bucket, one step, one signature.
    case constant

    func hash(_ tuple: FlowTuple) -> UInt64 {
      let good = SessionTableTests.hash.hash(tuple)
      switch self {
      case .keyed: return good
      case .fewSignatures: return good & ~0xffff | good >> 20 & 0xf
      case .fewBuckets: return good & 0x0000_ffff_ffff_ffff | (good % 3) << 62
      case .constant: return 0x8000_1234_5678_0000
      }
    }
  }

  /// Filled to 95 % and turned over ten times, then filled to the last record and emptied, all the
  /// time as a dictionary says, and found both ways.
  @Test(
    arguments: [
      (6000, .keyed), (6000, .fewSignatures), (2000, .fewBuckets), (400, .constant),
      (1, .keyed), (8, .keyed), (9, .constant),
    ] as [(Int, Hashing)])
  func againstADictionary(capacity: Int, hashing: Hashing) throws {
    let memory = Memory(SessionTable.byteCount(capacity: capacity))
    var table = SessionTable(memory: memory.base, capacity: capacity, hash: Self.hash)
    var model: [FlowKey: UInt32] = [:]
    var present: [FlowTuple] = []
    var random = SplitMix(state: UInt64(capacity))
    var number: UInt32 = 0

    func check(_ tuple: FlowTuple) throws {
      let hash = hashing.hash(tuple)
      let expected = model[FlowKey(tuple)]
      let forward = table.find(tuple, hash)
      let backward = table.find(tuple.reversed, hash)
      try #require(forward.index == expected ?? .max && backward.index == expected ?? .max)
      try #require(!forward.isFound || (forward.isC2S && !backward.isC2S))
    }
    func insert() throws {
      let tuple = FlowTuple(number: number)
      number += 1
      let index = table.insert(tuple, hashing.hash(tuple))
      try #require(index < UInt32(capacity))
      try #require(table.records[Int(index)].tuple == tuple)
      model[FlowKey(tuple)] = index
      present.append(tuple)
    }
    func removeOne() throws {
      let place = Int(random.below(UInt32(present.count)))
      let tuple = present[place]
      present.swapAt(place, present.count - 1)
      present.removeLast()
      let removed = model.removeValue(forKey: FlowKey(tuple))
      let index = try #require(removed)
      try #require(table.remove(index) == true)
      try check(tuple)
    }
    func checkAll() throws {
      try #require(table.count == model.count)
      // No record twice.
      try #require(Set(model.values).count == model.count)
      for tuple in present { try check(tuple) }
      for other in number..<number + 50 { try check(FlowTuple(number: other)) }
    }

    let target = max(1, capacity * 95 / 100)
    while present.count < target { try insert() }
    try checkAll()
    for _ in 0..<10 {
      for _ in 0..<target {
        try removeOne()
        try insert()
      }
      try checkAll()
    }
    while present.count < capacity { try insert() }
    try checkAll()
    let extra = FlowTuple(number: number)
    #expect(table.insert(extra, hashing.hash(extra)) == .max)
    #expect(table.count == capacity)
    try check(extra)
    for _ in 0..<min(capacity, 2000) {
      try removeOne()
      try insert()
    }
    try checkAll()
    while !present.isEmpty { try removeOne() }
    // Empty again means empty: no signature and no overflow count is left behind.
    let bytes = UnsafeRawBufferPointer(
      start: memory.base, count: SessionTable.byteCount(capacity: capacity) - capacity * 128)
    for bucket in 0..<bytes.count / 64 {
      let isEmpty = bytes[bucket * 64..<bucket * 64 + 24].allSatisfy { $0 == 0 }
      try #require(isEmpty)
    }
    try checkAll()
  }

  /// An overflow count that reached its end stays, and what lies behind is still found.
  @Test func overflowCountAtItsEnd() throws {
    let capacity = 66_000
    let memory = Memory(SessionTable.byteCount(capacity: capacity))
    var table = SessionTable(memory: memory.base, capacity: capacity, hash: Self.hash)
    // All begin in one bucket and part at once, by the bits that give the step.
    func hash(_ number: UInt32) -> UInt64 { UInt64(number &* 2_654_435_761) << 16 | 7 }
    func find(_ number: UInt32) -> Bool {
      table.find(FlowTuple(number: number), hash(number)).isFound
    }
    for number in UInt32(0)..<UInt32(capacity) {
      try #require(table.insert(FlowTuple(number: number), hash(number)) == number)
    }
    let bucket = UnsafeMutableRawPointer(mutating: table.bucketAddress(hash(0)))
    #expect(SessionTable.overflow(bucket) == .max)
    for number in UInt32(0)..<65_900 { try #require(table.remove(number) == true) }
    #expect(SessionTable.overflow(bucket) == .max)
    for number in UInt32(0)..<UInt32(capacity) { try #require(find(number) == (number >= 65_900)) }
  }
}
