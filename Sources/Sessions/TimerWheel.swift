/// The deadlines of one worker's sessions: a hashed wheel of 65,536 slots, one a tick (Varghese and
/// Lauck 1987, scheme 6).
///
/// A slot is a stack of sessions in blocks of a cache line, fourteen to a block, of which only the
/// topmost is not full. Unlike a list through the sessions, a walk over those whose time has come
/// does not wait for one to learn where the next is.
///
/// Each call does bounded work. After a pause the wheel catches up step by step. A slot is drained
/// whole, over as many calls as it takes.
@frozen
public struct TimerWheel {
  /// Where a session is in the wheel.
  @frozen @usableFromInline
  struct Node {
    /// The tick at which the session is returned.
    @usableFromInline var deadline: UInt32
    /// Its block, and in the lowest four bits its place there plus 1; 0 while not in the wheel.
    @usableFromInline var location: UInt32
  }

  @frozen @usableFromInline
  struct Head {
    /// The topmost block; `UInt32.max` in an empty slot.
    @usableFromInline var block: UInt32
    /// Sessions in it.
    @usableFromInline var count: UInt32

    @inlinable @inline(__always)
    init(block: UInt32, count: UInt32) {
      self.block = block
      self.count = count
    }
  }

  /// A block's words: sessions, then its slot, then the block below, or the next free one.
  @usableFromInline static var blockCapacity: Int { 14 }
  @usableFromInline static var slotWord: Int { 14 }
  @usableFromInline static var belowWord: Int { 15 }
  @usableFromInline static var none: UInt32 { .max }

  @usableFromInline let heads: UnsafeMutablePointer<Head>
  @usableFromInline let blocks: UnsafeMutablePointer<UInt32>
  @usableFromInline let nodes: UnsafeMutablePointer<Node>
  @usableFromInline var freeBlock: UInt32 = .max
  /// Blocks from here on were never used.
  @usableFromInline var unusedBlocks: UInt32 = 0
  /// The next tick whose slot is to be drained.
  @usableFromInline var nextTick: UInt32
  /// Whether that has begun: nothing is put into the slot any more.
  @usableFromInline var isDraining = false
  @usableFromInline var scheduled: UInt32 = 0

  public static let slotCount: UInt32 = 65_536

  /// Sessions in the wheel.
  @inlinable public var count: Int { Int(truncatingIfNeeded: scheduled) }

  /// Bytes of memory for a wheel: 12.6 a session, and 4.5 MiB.
  ///
  /// - Parameter capacity: of the session table
  public static func byteCount(capacity: Int) -> Int {
    headBytes + blockCount(capacity) * 64 + capacity * MemoryLayout<Node>.stride
  }

  private static var headBytes: Int { Int(slotCount) * MemoryLayout<Head>.stride }

  /// All full but one a slot.
  private static func blockCount(_ capacity: Int) -> Int {
    capacity / blockCapacity + Int(slotCount)
  }

  /// - Parameters:
  ///   - memory: `byteCount` zeroed bytes, 64-byte aligned, that outlive the wheel
  ///   - capacity: of the session table
  ///   - now: the present tick
  public init(memory: UnsafeMutableRawPointer, capacity: Int, now: UInt32) {
    let blockCount = Self.blockCount(capacity)
    heads = memory.bindMemory(to: Head.self, capacity: Int(Self.slotCount))
    heads.initialize(
      repeating: Head(block: Self.none, count: 0), count: Int(Self.slotCount))
    let rest = memory + Self.headBytes
    blocks = rest.bindMemory(to: UInt32.self, capacity: blockCount * 16)
    nodes = (rest + blockCount * 64).bindMemory(to: Node.self, capacity: capacity)
    nextTick = now
  }

  /// The tick at which a session that is in the wheel is returned.
  @inlinable @inline(__always)
  public func deadline(_ index: UInt32) -> UInt32 { node(index).pointee.deadline }

  /// Puts a session into the wheel, or moves it if it is there.
  ///
  /// - Parameters:
  ///   - index: of a session in the table
  ///   - deadline: the tick at which it is to be returned, less than 2^31 ticks ahead. One that has
  ///     passed comes at the next tick.
  @inlinable @inline(__always)
  public mutating func schedule(_ index: UInt32, _ deadline: UInt32) {
    cancel(index)
    node(index).pointee.deadline = deadline
    push(index, deadline)
    scheduled &+= 1
  }

  /// Takes a session out of the wheel if it is there.
  @inlinable @inline(__always)
  public mutating func cancel(_ index: UInt32) {
    let location = node(index).pointee.location
    guard location != 0 else { return }
    node(index).pointee.location = 0
    scheduled &-= 1
    let block = self.block(location &>> 4)
    let head = heads + Int(truncatingIfNeeded: block[Self.slotWord])
    // The topmost session of the slot comes into its place.
    let top = pop(head)
    if top != index {
      block[Int(truncatingIfNeeded: location & 15) &- 1] = top
      node(top).pointee.location = location
    }
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
      let lag = Int32(bitPattern: now &- nextTick)
      if lag < 0 { return .max }
      // One turn passes every slot, however long the pause was.
      if lag >= Int32(bitPattern: Self.slotCount) {
        nextTick = now &- (Self.slotCount &- 1)
        isDraining = false
      }
      budget &-= 1
      let head = heads + Int(truncatingIfNeeded: nextTick & (Self.slotCount &- 1))
      if head.pointee.block == Self.none {
        nextTick = nextTick &+ 1
        isDraining = false
        continue
      }
      isDraining = true
      let index = pop(head)
      let deadline = node(index).pointee.deadline
      if Int32(bitPattern: now &- deadline) >= 0 {
        node(index).pointee.location = 0
        scheduled &-= 1
        return index
      }
      push(index, deadline)
    }
    return .max
  }
}

extension TimerWheel {
  @inlinable @inline(__always)
  func node(_ index: UInt32) -> UnsafeMutablePointer<Node> {
    nodes + Int(truncatingIfNeeded: index)
  }

  @inlinable @inline(__always)
  func block(_ number: UInt32) -> UnsafeMutablePointer<UInt32> {
    blocks + Int(truncatingIfNeeded: number) &<< 4
  }

  /// Puts a session into the slot of its deadline; of the next tick if that has passed, and of the
  /// last before the wheel comes round if it is further away.
  @inlinable @inline(__always)
  mutating func push(_ index: UInt32, _ deadline: UInt32) {
    let earliest = isDraining ? nextTick &+ 1 : nextTick
    let ahead = Int32(bitPattern: deadline &- earliest)
    let tick = earliest &+ UInt32(bitPattern: min(max(ahead, 0), Int32(Self.slotCount) &- 2))
    let slot = tick & (Self.slotCount &- 1)
    let head = heads + Int(truncatingIfNeeded: slot)
    if head.pointee.block == Self.none
      || head.pointee.count == UInt32(truncatingIfNeeded: Self.blockCapacity)
    {
      let number = takeBlock()
      block(number)[Self.slotWord] = slot
      block(number)[Self.belowWord] = head.pointee.block
      head.pointee = Head(block: number, count: 0)
    }
    block(head.pointee.block)[Int(truncatingIfNeeded: head.pointee.count)] = index
    head.pointee.count = head.pointee.count &+ 1
    node(index).pointee.location = head.pointee.block &<< 4 | head.pointee.count
  }

  /// Takes the topmost session out of a slot that is not empty.
  @inlinable @inline(__always)
  mutating func pop(_ head: UnsafeMutablePointer<Head>) -> UInt32 {
    let number = head.pointee.block
    let block = self.block(number)
    let count = head.pointee.count &- 1
    let index = block[Int(truncatingIfNeeded: count)]
    head.pointee.count = count
    if count == 0 {
      head.pointee = Head(
        block: block[Self.belowWord], count: UInt32(truncatingIfNeeded: Self.blockCapacity))
      block[Self.belowWord] = freeBlock
      freeBlock = number
    }
    return index
  }

  @inlinable @inline(__always)
  mutating func takeBlock() -> UInt32 {
    let number = freeBlock
    if number != Self.none {
      freeBlock = block(number)[Self.belowWord]
      return number
    }
    unusedBlocks = unusedBlocks &+ 1
    return unusedBlocks &- 1
  }
}
