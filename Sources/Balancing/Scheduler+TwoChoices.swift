import Snapshots

/// p2c: of two servers drawn at random (Mitzenmacher, The power of two choices in randomized load
/// balancing, IEEE TPDS 12(10), 2001), the better one by the rule of hot and cold of Prequal
/// (Wydrowski, Kleinberg, Rumble, Archer: Load is not what you should balance: Introducing Prequal,
/// NSDI 2024): a server is hot if its sessions in flight are past the 0.84 quantile of those seen of
/// late. Of two hot ones the one with fewer sessions is taken, of two cold ones the one that is
/// expected to answer faster, else the cold one. Sessions are (sessions + 1) / weight.
///
/// Prequal expects of a server what it took of late with about as many requests in flight as it has now.
/// What is known here is a mean, seconds old, over whatever was in flight: it is multiplied by the
/// sessions in flight, the new one included. By the mean alone all would go to the fastest until it is
/// hot, and wait there.
///
/// In place of Prequal's probes stand the loads drawn. After each 16 of them the quantile is theirs:
/// the third greatest.
extension Scheduler {
  /// Pairs of full servers drawn before all servers are asked.
  private static let mostDraws = 4
  static let drawsKept = 16

  private struct Draw {
    var load: Int64
    /// Microseconds times sessions; 0 is not known.
    var expectedTime: Int64
    var isFull: Bool

    /// Less is better: the cold before the hot, the hot by load alone. The comparison is arithmetic,
    /// since branches on what was drawn at random would be mispredicted.
    @inline(__always)
    func badness(_ quantile: Int64, comparesTimes: Bool) -> Int128 {
      let hot = (quantile &- load) >> 63
      let time = comparesTimes ? expectedTime : 0
      let rank = (hot & 1 << 60) | (~hot & time)
      return Int128(_low: UInt64(bitPattern: load), _high: isFull ? .max >> 1 : rank)
    }
  }

  mutating func twoChoices(
    _ service: UInt32, _ rotation: UnsafeMutablePointer<Rotation>, _ loads: LoadTable
  ) -> UInt32 {
    let seats = seats(rotation)
    let count = UInt64(rotation.pointee.count)
    if count == 0 { return noIndex }
    var left = Self.mostDraws
    var start = 0
    while left > 0 {
      let random = nextRandom()
      start = Int(truncatingIfNeeded: ((random >> 32) &* count) >> 32)
      var other = Int(truncatingIfNeeded: ((random & 0xffff_ffff) &* (count &- 1)) >> 32)
      // The other one of one server is itself.
      other = other < start || count == 1 ? other : other &+ 1
      let one = draw(start, seats, loads)
      let two = draw(other, seats, loads)
      if !one.isFull || !two.isFull {
        let comparesTimes = one.expectedTime != 0 && two.expectedTime != 0
        let quantile = rotation.pointee.quantile
        let difference =
          two.badness(quantile, comparesTimes: comparesTimes)
          &- one.badness(quantile, comparesTimes: comparesTimes)
        let isTwo = Int(difference._high >> 63)
        keep(one.load, two.load, service, rotation)
        return seats[start ^ ((start ^ other) & isTwo)].slot
      }
      left = left &- 1
    }
    left = Int(count)
    while left > 0 {
      if !draw(start, seats, loads).isFull { return seats[start].slot }
      start = next(start, Int(count))
      left = left &- 1
    }
    return noIndex
  }

  @inline(__always)
  private func draw(
    _ position: Int, _ seats: UnsafeMutablePointer<Seat>, _ loads: LoadTable
  ) -> Draw {
    let seat = seats + position
    let sessions = loads.serverSessions(seat.pointee.slot)
    return Draw(
      load: seat.pointee.load(sessions),
      expectedTime: Int64(seat.pointee.responseTime) &* (Int64(sessions) &+ 1),
      isFull: sessions >= seat.pointee.limit)
  }

  @inline(__always)
  private mutating func keep(
    _ one: Int64, _ two: Int64, _ service: UInt32, _ rotation: UnsafeMutablePointer<Rotation>
  ) {
    let kept = draws + Int(truncatingIfNeeded: service) &* Self.drawsKept
    let cursor = Int(truncatingIfNeeded: rotation.pointee.cursor)
    kept[cursor] = one
    kept[cursor &+ 1] = two
    rotation.pointee.cursor = UInt32(truncatingIfNeeded: cursor &+ 2)
    if cursor &+ 2 == Self.drawsKept {
      rotation.pointee.cursor = 0
      rotation.pointee.quantile = thirdGreatest(kept)
    }
  }

  private mutating func thirdGreatest(_ values: UnsafeMutablePointer<Int64>) -> Int64 {
    var first = Int64.min
    var second = Int64.min
    var third = Int64.min
    var index = 0
    while index < Self.drawsKept {
      let value = values[index]
      third = max(third, min(second, value))
      second = max(second, min(first, value))
      first = max(first, value)
      index = index &+ 1
    }
    return third
  }

  /// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
  @inline(__always)
  private mutating func nextRandom() -> UInt64 {
    random = random &+ 0x9e37_79b9_7f4a_7c15
    return StableHash.mix(random)
  }
}
