import Snapshots

/// Smooth weighted round robin as nginx does it: each server gains its weight, the one that has most
/// is chosen (the first of equals) and gives up the sum of all weights.
///
/// What a server has is a line over the choices made, `base + steps * gain`, so that a choice writes
/// nothing but the chosen one's base. Past `blockSize` servers, each block of them knows how much
/// its best can have at most, and blocks that cannot have the greatest are not looked into. A server
/// that is full or takes no new session is barred: it keeps what it has, and gains nothing.
///
/// In lines and blocks all values are multiplied by 2^16, and the low bits hold how many servers come
/// behind: then the first of equals is simply the greatest.
extension Scheduler {
  /// Steps ahead that a worker may begin, so that the first choice stays bounded.
  private static let mostStepsAhead = 64
  private static let blockSize = 32
  private static let barred = Int64.min / 2
  private static let scale: Int64 = 1 << 16

  @frozen @usableFromInline
  struct Line {
    var base: Int64
    /// 0: barred.
    var gain: Int64

    @inline(__always)
    func value(_ steps: Int64) -> Int64 { base &+ steps &* gain }
  }

  /// Its servers had at most `most` after `steps`, and gain at most `gain` a step.
  @frozen @usableFromInline
  struct Block {
    var most: Int64
    var gain: Int64
    var steps: Int64

    @inline(__always)
    func bound(_ now: Int64) -> Int64 { most &+ (now &- steps) &* gain }
  }

  @inline(__always)
  private func lines(_ rotation: UnsafeMutablePointer<Rotation>) -> UnsafeMutablePointer<Line> {
    lines + Int(truncatingIfNeeded: rotation.pointee.first)
  }

  // A service has no more blocks than servers, so they may begin where its seats do.
  @inline(__always)
  private func blocks(_ rotation: UnsafeMutablePointer<Rotation>) -> UnsafeMutablePointer<Block> {
    blocks + Int(truncatingIfNeeded: rotation.pointee.first)
  }

  mutating func drawLines(_ rotation: UnsafeMutablePointer<Rotation>, _ loads: LoadTable) {
    let count = Int(rotation.pointee.count)
    let seats = seats(rotation)
    let lines = lines(rotation)
    let steps = rotation.pointee.steps
    var total: Int64 = 0
    var position = 0
    while position < count {
      let seat = seats[position]
      let place = places + Int(truncatingIfNeeded: seat.slot)
      place.pointee.base = place.pointee.base &+ steps &* Int64(place.pointee.gain)
      place.pointee.gain = 0
      lines[position] = Line(base: Self.barred, gain: 0)
      if seat.limit == .max || loads.serverSessions(seat.slot) < seat.limit {
        total = total &+ Int64(seat.weight)
        lines[position].gain = Int64(seat.weight) &* Self.scale
      }
      position = position &+ 1
    }
    let before = rotation.pointee.total
    rotation.pointee.total = total
    let blocks = blocks(rotation)
    position = 0
    while position < count {
      if before != 0, total != 0, before != total {
        // What it is ahead or behind stays the same in sessions. In bounds, for it may have been barred
        // under a sum far greater than the last.
        let place = places + Int(truncatingIfNeeded: seats[position].slot)
        let scaled = Double(place.pointee.base) * Double(total) / Double(before)
        place.pointee.base = Int64(max(-Double(total), min(scaled, 8 * Double(total))))
      }
      if position % Self.blockSize == 0 {
        blocks[position / Self.blockSize] = Block(most: Self.barred, gain: 0, steps: steps)
      }
      if lines[position].gain != 0 { draw(position, rotation) }
      position = position &+ 1
    }
  }

  /// Lets a server go on gaining from what it has.
  private mutating func draw(_ position: Int, _ rotation: UnsafeMutablePointer<Rotation>) {
    let seat = seats(rotation)[position]
    let place = places + Int(truncatingIfNeeded: seat.slot)
    let steps = rotation.pointee.steps
    // A server that was barred may come with a current weight that was right for another sum. Choosing
    // the largest keeps it above -sum, and below sum times the harmonic number of the servers (the cup
    // game's bound): 8 sums are enough for 1,600 servers.
    let total = rotation.pointee.total
    let gain = Int64(seat.weight)
    place.pointee.base = max(-total, min(place.pointee.base, total &* 8)) &- steps &* gain
    place.pointee.gain = seat.weight
    let behind = Self.scale &- 1 &- Int64(position)
    let line = Line(base: place.pointee.base &* Self.scale &+ behind, gain: gain &* Self.scale)
    lines(rotation)[position] = line
    let block = blocks(rotation) + position / Self.blockSize
    block.pointee = Block(
      most: max(block.pointee.bound(steps), line.value(steps)),
      gain: max(block.pointee.gain, line.gain), steps: steps)
  }

  /// Stops a server with what it has after some steps.
  private mutating func bar(
    _ position: Int, _ rotation: UnsafeMutablePointer<Rotation>, after steps: Int64
  ) {
    let line = lines(rotation) + position
    let place = places + Int(truncatingIfNeeded: seats(rotation)[position].slot)
    let gain = Int64(place.pointee.gain)
    place.pointee.base = place.pointee.base &+ steps &* gain
    place.pointee.gain = 0
    rotation.pointee.total = rotation.pointee.total &- gain
    line.pointee = Line(base: Self.barred, gain: 0)
  }

  /// Bars a server that has become full, or lets one go on that no longer is.
  @inline(__always)
  mutating func admitOrBar(
    _ position: Int, _ rotation: UnsafeMutablePointer<Rotation>, _ loads: LoadTable
  ) {
    let seat = seats(rotation)[position]
    guard seat.limit != .max else { return }
    let mayTake = seat.weight != 0 && loads.serverSessions(seat.slot) < seat.limit
    let gains = lines(rotation)[position].gain != 0
    if mayTake == gains { return }
    if mayTake {
      rotation.pointee.total = rotation.pointee.total &+ Int64(seat.weight)
      draw(position, rotation)
    } else {
      bar(position, rotation, after: rotation.pointee.steps)
    }
  }

  /// A worker begins as if it had made worker / workers of a round of as many choices as there are
  /// servers.
  mutating func weightedRoundRobin(
    _ rotation: UnsafeMutablePointer<Rotation>, _ loads: LoadTable
  ) -> UInt32 {
    if rotation.pointee.steps == 0 {
      var ahead = worker &* min(Int(rotation.pointee.count), Self.mostStepsAhead) / workers
      while ahead > 0 {
        _ = weightedStep(rotation, loads)
        ahead = ahead &- 1
      }
    }
    if rotation.pointee.hasLimits {
      lookAround(rotation, loads)
      if rotation.pointee.total == 0 { lookAroundBeforeRefusal(rotation, loads) }
    }
    return weightedStep(rotation, loads)
  }

  private mutating func weightedStep(
    _ rotation: UnsafeMutablePointer<Rotation>, _ loads: LoadTable
  ) -> UInt32 {
    let steps = rotation.pointee.steps &+ 1
    while rotation.pointee.total != 0 {
      let position = lead(rotation, steps)
      let seat = seats(rotation)[position]
      if seat.limit != .max, loads.serverSessions(seat.slot) >= seat.limit {
        // Other workers filled it. It has no part in this step.
        bar(position, rotation, after: steps &- 1)
        continue
      }
      let line = lines(rotation) + position
      line.pointee.base = line.pointee.base &- rotation.pointee.total &* Self.scale
      let place = places + Int(truncatingIfNeeded: seat.slot)
      place.pointee.base = place.pointee.base &- rotation.pointee.total
      rotation.pointee.steps = steps
      return seat.slot
    }
    return noIndex
  }

  /// The first of those that have most after some steps.
  @inline(__always)
  private mutating func lead(_ rotation: UnsafeMutablePointer<Rotation>, _ steps: Int64) -> Int {
    let count = Int(rotation.pointee.count)
    let value =
      count <= Self.blockSize
      ? greatest(lines(rotation), count, steps)
      : greatestOfBlocks(rotation, count, steps)
    return Int(truncatingIfNeeded: Self.scale &- 1 &- (value & (Self.scale &- 1)))
  }

  private mutating func greatestOfBlocks(
    _ rotation: UnsafeMutablePointer<Rotation>, _ count: Int, _ steps: Int64
  ) -> Int64 {
    let lines = lines(rotation)
    let blocks = blocks(rotation)
    let blockCount = (count &+ Self.blockSize &- 1) / Self.blockSize
    var likely = 0
    var bound = blocks[0].bound(steps)
    var block = 1
    while block < blockCount {
      let other = blocks[block].bound(steps)
      likely = other > bound ? block : likely
      bound = other > bound ? other : bound
      block = block &+ 1
    }
    var value = open(likely, blocks, lines, count, steps)
    block = 0
    while block < blockCount {
      if blocks[block].bound(steps) > value {
        value = max(value, open(block, blocks, lines, count, steps))
      }
      block = block &+ 1
    }
    return value
  }

  /// Looks into a block, and notes what its best has.
  private func open(
    _ block: Int, _ blocks: UnsafeMutablePointer<Block>, _ lines: UnsafeMutablePointer<Line>,
    _ count: Int, _ steps: Int64
  ) -> Int64 {
    let first = block &* Self.blockSize
    let value = greatest(lines + first, min(Self.blockSize, count &- first), steps)
    blocks[block].most = value
    blocks[block].steps = steps
    return value
  }

  /// Four at a time: one by one, each comparison would wait for the one before.
  @inline(__always)
  private func greatest(
    _ lines: UnsafeMutablePointer<Line>, _ count: Int, _ steps: Int64
  ) -> Int64 {
    var value0 = Int64.min
    var value1 = Int64.min
    var value2 = Int64.min
    var value3 = Int64.min
    var index = 0
    while index &+ 4 <= count {
      value0 = max(value0, lines[index].value(steps))
      value1 = max(value1, lines[index &+ 1].value(steps))
      value2 = max(value2, lines[index &+ 2].value(steps))
      value3 = max(value3, lines[index &+ 3].value(steps))
      index = index &+ 4
    }
    while index < count {
      value0 = max(value0, lines[index].value(steps))
      index = index &+ 1
    }
    return max(max(value0, value1), max(value2, value3))
  }
}
