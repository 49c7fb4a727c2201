/// The deadlines of one worker's sessions: a hashed wheel of 65,536 slots, one a tick (Varghese and
/// Lauck 1987, scheme 6), whose lists are linked through the session records.
///
/// Each call does bounded work. After a pause the wheel catches up step by step. A slot is drained
/// whole, over as many calls as it takes.
@frozen
public struct TimerWheel {
  @usableFromInline let heads: UnsafeMutablePointer<UInt32>
  @usableFromInline let records: UnsafeMutablePointer<SessionRecord>
  /// The next tick whose slot is to be drained.
  @usableFromInline var nextTick: UInt32
  /// What is left of the slot that is being drained, cut off from the wheel.
  @usableFromInline var drainHead: UInt32 = .max
  @usableFromInline var scheduled: UInt32 = 0

  public static let slotCount: UInt32 = 65_536

  /// Sessions in the wheel.
  @inlinable public var count: Int { Int(truncatingIfNeeded: scheduled) }

  /// Bytes of memory for a wheel.
  public static func byteCount() -> Int { Int(slotCount) * 4 }

  /// - Parameters:
  ///   - memory: `byteCount` bytes, 64-byte aligned, that outlive the wheel
  ///   - records: the session table's
  ///   - now: the present tick
  public init(
    memory: UnsafeMutableRawPointer, records: UnsafeMutablePointer<SessionRecord>, now: UInt32
  ) {
    heads = memory.bindMemory(to: UInt32.self, capacity: Int(Self.slotCount))
    heads.initialize(repeating: .max, count: Int(Self.slotCount))
    self.records = records
    nextTick = now
  }

  /// Puts a session into the wheel, or moves it if it is there.
  ///
  /// - Parameters:
  ///   - index: of a session in the table
  ///   - deadline: the tick at which it is to be returned, less than 2^31 ticks ahead. One that has
  ///     passed comes at the next tick.
  @inlinable
  public mutating func schedule(_ index: UInt32, _ deadline: UInt32) {
    cancel(index)
    let record = records + Int(truncatingIfNeeded: index)
    record.pointee.deadline = deadline
    link(index, record)
    scheduled &+= 1
  }

  /// The same as `schedule`.
  @inlinable @inline(__always)
  public mutating func reschedule(_ index: UInt32, _ deadline: UInt32) {
    schedule(index, deadline)
  }

  /// Takes a session out of the wheel if it is there.
  @inlinable
  public mutating func cancel(_ index: UInt32) {
    let record = records + Int(truncatingIfNeeded: index)
    let slot = record.pointee.timerSlot
    guard slot != .max else { return }
    let next = record.pointee.timerNext
    let previous = record.pointee.timerPrevious
    if next != .max { records[Int(truncatingIfNeeded: next)].timerPrevious = previous }
    if previous != .max {
      records[Int(truncatingIfNeeded: previous)].timerNext = next
    } else if drainHead == index {
      drainHead = next
    } else {
      heads[Int(truncatingIfNeeded: slot)] = next
    }
    record.pointee.timerSlot = .max
    scheduled &-= 1
  }

  /// The next session whose deadline has come, out of the wheel by now.
  ///
  /// - Parameters:
  ///   - now: the present tick; never before that of an earlier call
  ///   - budget: steps that may be done yet. Each tick passed and each session looked at is one.
  /// - Returns: `UInt32.max` if none is due (budget is left) or the budget is used up
  @inlinable
  public mutating func nextExpired(_ now: UInt32, _ budget: inout Int) -> UInt32 {
    while budget > 0 {
      let index = drainHead
      if index == .max {
        let lag = Int32(bitPattern: now &- nextTick)
        if lag < 0 { return .max }
        // One turn passes every slot, however long the pause was.
        if lag >= Int32(bitPattern: Self.slotCount) { nextTick = now &- (Self.slotCount &- 1) }
        let slot = Int(truncatingIfNeeded: nextTick & (Self.slotCount &- 1))
        drainHead = heads[slot]
        heads[slot] = .max
        nextTick = nextTick &+ 1
        budget &-= 1
        continue
      }
      budget &-= 1
      let record = records + Int(truncatingIfNeeded: index)
      let next = record.pointee.timerNext
      drainHead = next
      if next != .max { records[Int(truncatingIfNeeded: next)].timerPrevious = .max }
      if Int32(bitPattern: now &- record.pointee.deadline) >= 0 {
        record.pointee.timerSlot = .max
        scheduled &-= 1
        return index
      }
      link(index, record)
    }
    return .max
  }

  /// Links a session into the slot of its deadline, or of the next tick if that has passed.
  @inlinable @inline(__always)
  func link(_ index: UInt32, _ record: UnsafeMutablePointer<SessionRecord>) {
    let deadline = record.pointee.deadline
    let tick = Int32(bitPattern: deadline &- nextTick) < 0 ? nextTick : deadline
    let slot = tick & (Self.slotCount &- 1)
    let head = heads[Int(truncatingIfNeeded: slot)]
    record.pointee.timerSlot = slot
    record.pointee.timerNext = head
    record.pointee.timerPrevious = .max
    if head != .max { records[Int(truncatingIfNeeded: head)].timerPrevious = index }
    heads[Int(truncatingIfNeeded: slot)] = index
  }
}
