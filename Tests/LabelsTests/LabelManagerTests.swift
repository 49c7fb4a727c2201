import Synchronization
import TestSupport
import Testing

@testable import Labels

@Suite struct LabelManagerTests {
  struct Fixture {
    let tableMemory: Memory
    let managerMemory: Memory
    let table: LabelSwitchTable
    var manager: LabelManager

    init(pairs: Range<UInt32>, startAt: UInt32? = nil, share: UInt32 = 100) {
      tableMemory = Memory(LabelSwitchTable.byteCount(pairCount: pairs.upperBound - 8))
      managerMemory = Memory(LabelManager.byteCount(pairCount: UInt32(pairs.count)))
      table = LabelSwitchTable(
        memory: tableMemory.base, firstPair: 8, pairCount: pairs.upperBound - 8)
      manager = LabelManager(
        memory: managerMemory.base, table: table, pairs: pairs,
        startAt: startAt ?? pairs.lowerBound, embryonicShare: share)
    }

    func words(_ pair: UInt32) -> (LabelEntry, LabelEntry) {
      (
        table.load(label: SessionLabel.c2s(pair)), table.load(label: SessionLabel.s2c(pair))
      )
    }
  }

  let forward = LabelEntry(
    state: .none, pop: false, port: 1, adjacency: 7, guardAddresses: 11, guardPorts: 12)
  let backward = LabelEntry(
    state: .none, pop: true, port: 2, adjacency: 9, guardAddresses: 11, guardPorts: 12)

  @Test func lowestFirst() {
    var fixture = Fixture(pairs: 8..<12)
    for pair in UInt32(8)..<12 { #expect(fixture.manager.take(now: 5) == .pair(pair)) }
    #expect(fixture.manager.take(now: 5) == .exhausted)
  }

  @Test func fromARandomPlaceRoundTheRange() {
    var fixture = Fixture(pairs: 8..<12, startAt: 10)
    for pair in [10, 11, 8, 9] as [UInt32] { #expect(fixture.manager.take(now: 5) == .pair(pair)) }
    #expect(fixture.manager.take(now: 5) == .exhausted)
    var outside = Fixture(pairs: 8..<12, startAt: 99)
    #expect(outside.manager.take(now: 5) == .pair(8))
  }

  @Test func anEmptyRangeGivesNone() {
    var fixture = Fixture(pairs: 8..<8)
    #expect(fixture.manager.take(now: 5) == .exhausted)
    #expect(fixture.manager.state(of: 8) == nil)
    #expect(fixture.manager.release(now: 5, quarantine: 0, limit: 10) == 0)
  }

  @Test func aLife() {
    var fixture = Fixture(pairs: 10..<12)
    #expect(fixture.manager.take(now: 5) == .pair(10))
    #expect(fixture.manager.state(of: 10) == .embryonic)
    #expect(fixture.manager.givenAt(of: 10) == 5)
    #expect(fixture.manager.session(of: 10) == .max)
    #expect(fixture.manager.setSession(10, 77) == true)
    #expect(fixture.manager.session(of: 10) == 77)
    // Not published: unknown to the switch, whatever the state.
    #expect(fixture.words(10).0.rawValue == 0)
    #expect(fixture.manager.publish(10, c2s: forward, s2c: backward) == true)
    #expect(
      fixture.words(10) == (forward.with(state: .embryonic), backward.with(state: .embryonic)))
    #expect(fixture.manager.promote(10) == true)
    #expect(fixture.words(10) == (forward.with(state: .live), backward.with(state: .live)))
    #expect(fixture.manager.close(10) == true)
    #expect(fixture.words(10) == (forward.with(state: .closing), backward.with(state: .closing)))
    #expect(fixture.manager.reopen(10) == true)
    #expect(fixture.words(10) == (forward.with(state: .live), backward.with(state: .live)))
    #expect(fixture.manager.publish(10, c2s: backward, s2c: forward) == true)
    #expect(fixture.words(10) == (backward.with(state: .live), forward.with(state: .live)))
    #expect(!fixture.manager.hasUnsealed)
    #expect(fixture.manager.withdraw(10, now: 100) == true)
    #expect(fixture.manager.hasUnsealed)
    #expect(fixture.words(10) == (LabelEntry(rawValue: 0), LabelEntry(rawValue: 0)))
    #expect(fixture.manager.state(of: 10) == .quarantined)
    #expect(fixture.manager.generation(of: 10) == 1)
    #expect(fixture.manager.session(of: 10) == .max)
    // Time alone does not free it, nor does the grace period alone.
    #expect(fixture.manager.release(now: 1000, quarantine: 60, limit: 10) == 0)
    let batch = fixture.manager.sealBatch()
    #expect(!fixture.manager.hasUnsealed)
    #expect(fixture.manager.release(now: 1000, quarantine: 60, limit: 10) == 0)
    #expect(fixture.manager.completeBatch(batch) == true)
    #expect(fixture.manager.release(now: 159, quarantine: 60, limit: 10) == 0)
    #expect(fixture.manager.release(now: 160, quarantine: 60, limit: 0) == 0)
    #expect(fixture.manager.release(now: 160, quarantine: 60, limit: 10) == 1)
    #expect(fixture.manager.state(of: 10) == .free)
    // To the end of the free ones.
    #expect(fixture.manager.take(now: 161) == .pair(11))
    #expect(fixture.manager.take(now: 161) == .pair(10))
  }

  @Test func misuseChangesNothing() {
    var fixture = Fixture(pairs: 10..<12)
    func refused(_ pair: UInt32) {
      #expect(fixture.manager.publish(pair, c2s: forward, s2c: backward) == false)
      #expect(fixture.manager.promote(pair) == false)
      #expect(fixture.manager.close(pair) == false)
      #expect(fixture.manager.reopen(pair) == false)
      #expect(fixture.manager.withdraw(pair, now: 1) == false)
      #expect(fixture.manager.setSession(pair, 1) == false)
    }
    for pair in [0, 8, 9, 10, 12, .max] as [UInt32] { refused(pair) }
    #expect(fixture.manager.free == 2)
    for label in UInt32(17)...24 { #expect(fixture.table.load(label: label).rawValue == 0) }
    _ = fixture.manager.take(now: 1)
    #expect(fixture.manager.reopen(10) == false)
    #expect(fixture.manager.promote(10) && !fixture.manager.promote(10))
    #expect(fixture.manager.reopen(10) == false)
    #expect(fixture.manager.close(10) && !fixture.manager.close(10))
    #expect(fixture.manager.promote(10) == false)
    #expect(fixture.manager.withdraw(10, now: 1) && !fixture.manager.withdraw(10, now: 1))
    refused(10)
    #expect(fixture.manager.free == 1 && fixture.manager.quarantined == 1)
    // A batch that is still open, or that never was, cannot be completed.
    #expect(fixture.manager.completeBatch(1) == false)
    #expect(fixture.manager.completeBatch(50) == false)
    let batch = fixture.manager.sealBatch()
    #expect(fixture.manager.completeBatch(batch) && !fixture.manager.completeBatch(batch))
  }

  /// Promotion before the words are published leaves them 0, and publishing then says live.
  @Test func promotedBeforePublished() {
    var fixture = Fixture(pairs: 8..<9)
    _ = fixture.manager.take(now: 1)
    #expect(fixture.manager.promote(8) == true)
    #expect(fixture.words(8) == (LabelEntry(rawValue: 0), LabelEntry(rawValue: 0)))
    #expect(fixture.manager.publish(8, c2s: forward, s2c: backward) == true)
    #expect(fixture.words(8) == (forward.with(state: .live), backward.with(state: .live)))
  }

  /// Live in all but switching: the words are an embryonic pair's until switching starts, also when they
  /// are written anew; closing ends it as well.
  @Test func promotedToBeAnalysed() {
    var fixture = Fixture(pairs: 8..<10, share: 50)
    for pair in 8..<10 as Range<UInt32> {
      #expect(fixture.manager.take(now: 1) == .pair(pair))
      #expect(fixture.manager.publish(pair, c2s: forward, s2c: backward) == true)
      #expect(fixture.manager.promote(pair, isAnalysed: true) == true)
      #expect(fixture.manager.live == pair - 7 && fixture.manager.embryonic == 0)
      #expect(fixture.manager.state(of: pair) == .live)
      #expect(fixture.manager.publish(pair, c2s: backward, s2c: forward) == true)
      #expect(
        fixture.words(pair)
          == (backward.with(state: .embryonic), forward.with(state: .embryonic)))
    }
    #expect(fixture.manager.startSwitching(8) == true)
    #expect(fixture.words(8) == (backward.with(state: .live), forward.with(state: .live)))
    #expect(fixture.manager.close(9) == true)
    #expect(fixture.words(9) == (backward.with(state: .closing), forward.with(state: .closing)))
    #expect(!fixture.manager.startSwitching(9) && !fixture.manager.startSwitching(10))
    #expect(fixture.manager.live == 1 && fixture.manager.closing == 1)
    // The next session of the pair begins as any other.
    #expect(fixture.manager.suspend(9) == true)
    #expect(fixture.manager.publish(9, c2s: forward, s2c: backward) == true)
    #expect(fixture.words(9).0.state == .embryonic)
    #expect(fixture.manager.withdraw(9, now: 2) == true)
    let batch = fixture.manager.sealBatch()
    #expect(fixture.manager.completeBatch(batch) == true)
    #expect(fixture.manager.release(now: 9, quarantine: 1, limit: 1) == 1)
    #expect(fixture.manager.take(now: 9) == .pair(9))
    #expect(fixture.manager.publish(9, c2s: forward, s2c: backward) == true)
    #expect(fixture.manager.promote(9) == true)
    #expect(fixture.words(9).0.state == .live)
  }

  /// Percent of the pairs, rounded down, at least 1, and never more than all.
  @Test(
    arguments: [
      (10, 25, 2), (10, 0, 1), (10, 9, 1), (3, 25, 1), (10, 100, 10), (10, 1000, 10), (200, 1, 2),
    ] as [(UInt32, UInt32, UInt32)])
  func share(count: UInt32, share: UInt32, limit: UInt32) {
    var fixture = Fixture(pairs: 8..<8 + count, share: share)
    for _ in 0..<limit {
      guard case .pair = fixture.manager.take(now: 1) else {
        Issue.record("refused below the share")
        return
      }
    }
    // The free pair is asked for first.
    #expect(fixture.manager.take(now: 1) == (limit == count ? .exhausted : .embryonicFull))
    #expect(fixture.manager.embryonic == limit)
  }

  @Test func promotedPairsMakeRoomInTheShare() {
    var fixture = Fixture(pairs: 8..<18, share: 10)
    #expect(fixture.manager.take(now: 1) == .pair(8))
    #expect(fixture.manager.take(now: 1) == .embryonicFull)
    #expect(fixture.manager.promote(8) == true)
    #expect(fixture.manager.take(now: 1) == .pair(9))
    fixture.manager.embryonicShare = 20
    #expect(fixture.manager.take(now: 1) == .pair(10))
    #expect(fixture.manager.take(now: 1) == .embryonicFull)
  }
}
