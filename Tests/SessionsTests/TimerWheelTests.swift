import TestSupport
import Testing
import Wire

@testable import Sessions

@Suite struct TimerWheelTests {
  struct Fixture {
    let tableMemory: Memory
    let wheelMemory: Memory
    var table: SessionTable
    var wheel: TimerWheel

    /// Sessions 0 ..< `sessions`, none in the wheel.
    init(sessions: Int, now: UInt32) {
      tableMemory = Memory(SessionTable.byteCount(capacity: sessions))
      wheelMemory = Memory(TimerWheel.byteCount(capacity: sessions))
      let hash = SessionHash(secret0: 1, secret1: 2)
      table = SessionTable(memory: tableMemory.base, capacity: sessions, hash: hash)
      for number in 0..<UInt32(sessions) {
        let tuple = FlowTuple(number: number)
        _ = table.insert(tuple, hash.hash(tuple))
      }
      wheel = TimerWheel(memory: wheelMemory.base, capacity: sessions, now: now)
    }

    /// All that is due, in as many steps as it takes.
    mutating func expired(_ now: UInt32) -> [UInt32] {
      var result: [UInt32] = []
      while true {
        var budget = 1_000_000
        let index = wheel.nextExpired(now, &budget)
        if index == .max { return result }
        result.append(index)
      }
    }
  }

  @Test func onTime() {
    var fixture = Fixture(sessions: 4, now: 1000)
    fixture.wheel.schedule(0, 1010)
    fixture.wheel.schedule(1, 1010)
    fixture.wheel.schedule(2, 1011)
    #expect(fixture.wheel.count == 3)
    #expect(fixture.expired(1009) == [])
    #expect(Set(fixture.expired(1010)) == [0, 1])
    #expect(fixture.expired(1011) == [2])
    #expect(fixture.wheel.count == 0)
    #expect(fixture.expired(1_000_000) == [])
  }

  @Test func aPassedDeadlineComesAtTheNextTick() {
    var fixture = Fixture(sessions: 2, now: 1000)
    #expect(fixture.expired(1000) == [])
    fixture.wheel.schedule(0, 1000)
    fixture.wheel.schedule(1, 900)
    #expect(Set(fixture.expired(1001)) == [0, 1])
  }

  @Test func moveAndCancel() {
    var fixture = Fixture(sessions: 3, now: 0)
    fixture.wheel.schedule(0, 10)
    fixture.wheel.schedule(0, 20)
    fixture.wheel.schedule(1, 10)
    fixture.wheel.schedule(1, 5)
    fixture.wheel.schedule(2, 5)
    fixture.wheel.cancel(2)
    fixture.wheel.cancel(2)
    #expect(fixture.wheel.count == 2)
    #expect(fixture.expired(19) == [1])
    #expect(fixture.expired(20) == [0])
  }

  /// A deadline further off than the wheel is round.
  @Test func laterRounds() {
    var fixture = Fixture(sessions: 3, now: 7)
    fixture.wheel.schedule(0, 7 + 65_536)
    fixture.wheel.schedule(1, 7 + 3 * 65_536)
    fixture.wheel.schedule(2, 7)
    #expect(fixture.expired(7) == [2])
    for now in stride(from: UInt32(8), to: 7 + 65_536, by: 100) {
      #expect(fixture.expired(now) == [])
    }
    #expect(fixture.expired(7 + 65_536) == [0])
    #expect(fixture.expired(6 + 3 * 65_536) == [])
    #expect(fixture.expired(7 + 3 * 65_536) == [1])
  }

  /// More sessions in one slot than a call may look at.
  @Test func aSlotIsDrainedOverManyCalls() {
    var fixture = Fixture(sessions: 100, now: 0)
    for index in UInt32(0)..<100 { fixture.wheel.schedule(index, 1) }
    var left = Set(UInt32(0)..<100)
    var moved = Set<UInt32>()
    var calls = 0
    while !left.isEmpty, calls < 1000 {
      calls += 1
      var budget = 7
      while true {
        let before = budget
        let index = fixture.wheel.nextExpired(1, &budget)
        #expect(budget >= 0 && budget <= before)
        if index == .max { break }
        #expect(left.remove(index) != nil)
      }
      #expect(budget == 0 || left.isEmpty)
      // Meanwhile one that waits is cancelled, whichever it is, and one is put back.
      if let other = left.max() {
        fixture.wheel.cancel(other)
        left.remove(other)
      }
      if let other = left.min() {
        fixture.wheel.schedule(other, 2)
        left.remove(other)
        moved.insert(other)
      }
    }
    #expect(calls > 10)
    #expect(Set(fixture.expired(2)) == moved)
  }

  /// After a pause the wheel goes on in bounded steps, and over the longest of pauses in one turn.
  @Test func catchingUp() {
    var fixture = Fixture(sessions: 10, now: 0)
    for index in UInt32(0)..<10 { fixture.wheel.schedule(index, 1 + index * 100_000) }
    let now: UInt32 = 5_000_000
    var found = Set<UInt32>()
    var calls = 0
    var left = 0
    // Caught up is when a call has steps left.
    while left == 0, calls < 10_000 {
      calls += 1
      left = 64
      while true {
        let index = fixture.wheel.nextExpired(now, &left)
        if index == .max { break }
        found.insert(index)
      }
    }
    #expect(found.count == 10)
    #expect(calls <= 65_536 / 64 + 2)
  }

  private enum Contradiction: Error { case early, unknown, missing, count, budget }

  /// Against a dictionary of deadlines, over the end of the tick counter, with pauses.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func againstAModel(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let sessions: UInt32 = 500
    var now = UInt32.max - 150_000
    var fixture = Fixture(sessions: Int(sessions), now: now)
    // Deadlines as ticks since the start, so that the model knows no wrap.
    var deadlines: [UInt32: UInt64] = [:]
    let start = now
    var time: UInt64 = 0
    var expirations = 0

    for _ in 0..<60_000 {
      switch random.below(12) {
      case 0..<5:
        let index = random.below(sessions)
        let ahead: UInt32
        switch random.below(4) {
        case 0: ahead = random.below(4)
        case 1: ahead = random.below(500)
        case 2: ahead = random.below(70_000)
        default: ahead = 65_536 * random.below(3)
        }
        fixture.wheel.schedule(index, now &+ ahead)
        deadlines[index] = time + UInt64(ahead)
      case 5:
        let index = random.below(sessions)
        fixture.wheel.cancel(index)
        deadlines[index] = nil
      case 6..<10:
        let step = random.below(3)
        now &+= step
        time += UInt64(step)
      case 10:
        let step = random.below(200) == 0 ? random.below(200_000) : 0
        now &+= step
        time += UInt64(step)
      default:
        // A small budget mostly, now and then one that suffices after any pause.
        var budget = Int(random.below(10) == 0 ? 70_000 : random.below(20))
        while true {
          let before = budget
          let index = fixture.wheel.nextExpired(now, &budget)
          guard budget >= 0, budget <= before else { throw Contradiction.budget }
          if index == .max { break }
          guard let deadline = deadlines.removeValue(forKey: index) else {
            throw Contradiction.unknown
          }
          guard deadline <= time else { throw Contradiction.early }
          expirations += 1
        }
        if budget > 0 {
          // Nothing more is due, but for what came for a tick that is over already.
          guard deadlines.values.allSatisfy({ $0 >= time }) else { throw Contradiction.missing }
        }
      }
      guard fixture.wheel.count == deadlines.count else { throw Contradiction.count }
    }
    #expect(time > 200_000 && start &+ UInt32(time) == now)
    // What is left comes on its tick, or the next if it was put in too late for that.
    var caughtUp = false
    let end = time + 3 * 65_536
    while !deadlines.isEmpty {
      for index in fixture.expired(now) {
        let removed = deadlines.removeValue(forKey: index)
        let deadline = try #require(removed)
        #expect(deadline <= time)
        if caughtUp { #expect(deadline + 1 >= time) }
        expirations += 1
      }
      caughtUp = true
      now &+= 1
      time += 1
      try #require(time <= end)
    }
    #expect(expirations > 1000)
    #expect(fixture.wheel.count == 0)
  }
}
