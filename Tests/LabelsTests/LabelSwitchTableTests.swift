import Synchronization
import TestSupport
import Testing

@testable import Labels

@Suite struct LabelSwitchTableTests {
  static func entry(_ number: UInt32) -> LabelEntry {
    LabelEntry(
      state: .live, pop: number & 1 == 0, port: UInt8(number & 31), adjacency: number,
      guardAddresses: UInt16(truncatingIfNeeded: number &* 40_503),
      guardPorts: UInt16(truncatingIfNeeded: number &* 25_969))
  }

  @Test func everyTwentyBitLabel() throws {
    let memory = Memory(LabelSwitchTable.byteCount(pairCount: 3))
    let table = LabelSwitchTable(memory: memory.base, firstPair: 8, pairCount: 3)
    let own = UInt32(17)...22
    for label in own { table.store(label: label, entry: Self.entry(label)) }
    let start = UInt(bitPattern: memory.base)
    var wrong: [UInt32] = []
    for label in UInt32(0)..<(1 << 20) {
      let address = UInt(bitPattern: table.address(label: label))
      let isRight: Bool
      if own.contains(label) {
        isRight =
          table.contains(label: label) && table.load(label: label) == Self.entry(label)
          && table.offset(of: label) == label - 17 && address == start + UInt(label - 17) * 8
      } else {
        table.store(label: label, entry: LabelEntry(rawValue: .max))
        isRight =
          !table.contains(label: label) && table.load(label: label).rawValue == 0
          && address == start
      }
      if !isRight { wrong.append(label) }
    }
    #expect(wrong == [])
    for label in own { #expect(table.load(label: label) == Self.entry(label)) }
  }

  @Test func anEmptyTableHasNoLabel() {
    let memory = Memory(LabelSwitchTable.byteCount(pairCount: 0))
    let table = LabelSwitchTable(memory: memory.base, firstPair: 8, pairCount: 0)
    #expect(!table.contains(label: 17))
    #expect(table.load(label: 17).rawValue == 0)
    #expect(table.address(label: 17) == UnsafeRawPointer(memory.base))
  }

  @Test(arguments: [1, 2, 3, 7, 10, 64, 100, 1000, 524_279] as [UInt32])
  func ownerRangesCoverExactly(count: UInt32) throws {
    let memory = Memory(LabelSwitchTable.byteCount(pairCount: 1))
    let table = LabelSwitchTable(memory: memory.base, firstPair: 8, pairCount: count)
    for workers in [1, 2, 3, 4, 5, 7, 8, 16, 31, 63, 64, 128] as [UInt32] {
      var expected: UInt32 = 8
      for worker in 0..<workers {
        let range = LabelSwitchTable.ownerRange(
          firstPair: 8, pairCount: count, worker: worker, workers: workers)
        try #require(range.lowerBound == expected)
        expected = range.upperBound
        let checked = count > 1000 ? [range.lowerBound, range.upperBound - 1] : Array(range)
        for pair in checked { try #require(table.owner(of: pair, workers: workers) == worker) }
      }
      try #require(expected == 8 + count)
    }
    #expect(table.owner(of: 7, workers: 4) == 0)
    #expect(table.owner(of: 8 + count, workers: 4) == 0)
  }

  /// Protocol section 4, by hand: 10 pairs from pair 8 on, 3 workers: floor of 0, 10/3, 20/3, 10.
  @Test func ownerRangeByHand() {
    let ranges = (UInt32(0)..<3).map {
      LabelSwitchTable.ownerRange(firstPair: 8, pairCount: 10, worker: $0, workers: 3)
    }
    #expect(ranges == [8..<11, 11..<14, 14..<18])
  }
}

@Suite struct ActivityStampsTests {
  @Test func latestOfAllWorkers() {
    let memory = Memory(ActivityStamps.byteCount(pairCount: 3, workers: 2))
    let stamps = ActivityStamps(memory: memory.base, firstPair: 8, pairCount: 3, workers: 2)
    let first = stamps.array(worker: 0)
    let second = stamps.array(worker: 1)
    #expect(stamps.lastActivity(pair: 9, notBefore: 0) == .init(c2s: nil, s2c: nil))
    ActivityStamps.stamp(first, offset: 2, tick: 100)
    ActivityStamps.stamp(second, offset: 2, tick: 90)
    ActivityStamps.stamp(second, offset: 3, tick: 120)
    #expect(stamps.lastActivity(pair: 9, notBefore: 0) == .init(c2s: 100, s2c: 120))
    #expect(stamps.lastActivity(pair: 9, notBefore: 100) == .init(c2s: 100, s2c: 120))
    #expect(stamps.lastActivity(pair: 9, notBefore: 101) == .init(c2s: nil, s2c: 120))
    #expect(stamps.lastActivity(pair: 9, notBefore: 121) == .init(c2s: nil, s2c: nil))
    // The neighbours, and pairs that are not there.
    for pair in [7, 8, 10, 11] as [UInt32] {
      #expect(stamps.lastActivity(pair: pair, notBefore: 0) == .init(c2s: nil, s2c: nil))
    }
  }

  @Test func overTheWrap() {
    let memory = Memory(ActivityStamps.byteCount(pairCount: 1, workers: 2))
    let stamps = ActivityStamps(memory: memory.base, firstPair: 8, pairCount: 1, workers: 2)
    ActivityStamps.stamp(stamps.array(worker: 0), offset: 0, tick: UInt32.max - 5)
    #expect(stamps.lastActivity(pair: 8, notBefore: .max - 9).c2s == UInt32.max - 5)
    #expect(stamps.lastActivity(pair: 8, notBefore: 3).c2s == nil)
    ActivityStamps.stamp(stamps.array(worker: 1), offset: 0, tick: 7)
    #expect(stamps.lastActivity(pair: 8, notBefore: .max - 9).c2s == 7)
    // Never stamped is not tick 0, and a packet at tick 0 is not lost.
    #expect(stamps.lastActivity(pair: 8, notBefore: .max - 9).s2c == nil)
    ActivityStamps.stamp(stamps.array(worker: 0), offset: 1, tick: 0)
    #expect(stamps.lastActivity(pair: 8, notBefore: .max - 9).s2c == 1)
  }

  @Test func latest() {
    #expect(ActivityStamps.Activity(c2s: nil, s2c: nil).latest == nil)
    #expect(ActivityStamps.Activity(c2s: 4, s2c: nil).latest == 4)
    #expect(ActivityStamps.Activity(c2s: nil, s2c: 4).latest == 4)
    #expect(ActivityStamps.Activity(c2s: 9, s2c: 4).latest == 9)
    #expect(ActivityStamps.Activity(c2s: .max, s2c: 4).latest == 4)
  }

  @Test func workersShareNoCacheLine() {
    for count in [1, 7, 8, 9, 1000] as [UInt32] {
      let memory = Memory(ActivityStamps.byteCount(pairCount: count, workers: 3))
      let stamps = ActivityStamps(memory: memory.base, firstPair: 8, pairCount: count, workers: 3)
      for worker in UInt32(0)..<3 {
        let start = UnsafeRawPointer(stamps.array(worker: worker)) - UnsafeRawPointer(memory.base)
        #expect(start % 64 == 0)
        #expect(
          start + Int(count) * 8 <= ActivityStamps.byteCount(pairCount: count, workers: worker + 1))
      }
    }
  }
}
