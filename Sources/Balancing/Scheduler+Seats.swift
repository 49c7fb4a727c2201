import Snapshots

extension Scheduler {
  /// Seats looked at in a choice, for what other workers did, and before a session is refused.
  private static let looksEachChoice = 2
  private static let looksBeforeRefusal = 32

  @inline(__always)
  func seats(_ rotation: UnsafeMutablePointer<Rotation>) -> UnsafeMutablePointer<Seat> {
    seats + Int(truncatingIfNeeded: rotation.pointee.first)
  }

  /// Makes a service's seats right for a snapshot.
  @inline(__always)
  mutating func seatIfNeeded(
    _ slot: UInt32, _ record: UnsafePointer<ServiceRecord>, _ snapshot: Snapshot,
    _ loads: LoadTable
  ) {
    if snapshot.base != seenBase || snapshot.number != seenNumber {
      seenBase = snapshot.base
      seenNumber = snapshot.number
      epoch = epoch &+ 1
    }
    if rotations[Int(truncatingIfNeeded: slot)].epoch != epoch {
      seat(slot, record, snapshot, loads)
    }
  }

  /// Copies a service's servers. Seats of an older snapshot may lie anywhere by then, over others'
  /// too, so nothing is taken from them.
  @inline(never)
  private mutating func seat(
    _ slot: UInt32, _ record: UnsafePointer<ServiceRecord>, _ snapshot: Snapshot,
    _ loads: LoadTable
  ) {
    let rotation = rotations + Int(truncatingIfNeeded: slot)
    let count = Int(record.pointee.serverCount)
    let slots = snapshot.slots(of: record)
    rotation.pointee.epoch = epoch
    rotation.pointee.first = record.pointee.firstServer
    rotation.pointee.count = record.pointee.serverCount
    rotation.pointee.cursor = 0
    rotation.pointee.hasLimits = false
    if rotation.pointee.turn == 0 { rotation.pointee.turn = 1 << Node.turnShift }
    let seats = self.seats(rotation)
    var position = 0
    while position < count {
      let server = snapshot.servers + Int(truncatingIfNeeded: slots[position])
      let place = places + Int(truncatingIfNeeded: slots[position])
      if place.pointee.service != slot &+ 1 {
        place.initialize(
          to: Place(base: 0, gain: 0, position: 0, turn: 0, service: slot &+ 1, reserved: 0))
      }
      place.pointee.position = UInt32(truncatingIfNeeded: position)
      let limit = server.pointee.maxSessions
      if limit != 0 { rotation.pointee.hasLimits = true }
      var seat = Seat(
        slot: slots[position], weight: 0, limit: 0, sessions: 0, reciprocal: 0,
        turn: place.pointee.turn)
      if server.pointee.takesNewSessions {
        seat.weight = record.pointee.algorithm == .lc ? 1 : server.pointee.weight
        seat.limit = limit == 0 ? .max : limit
        seat.reciprocal = seat.weight == 1 ? .max : .max / UInt64(seat.weight)
      }
      seats[position] = seat
      position = position &+ 1
    }
    if record.pointee.algorithm == .wrr {
      rotation.pointee.kind = .smooth
      drawLines(rotation, loads)
    } else {
      rotation.pointee.kind = .least
      growTree(rotation, loads)
    }
  }

  /// Brings what is kept of a seat's sessions up to date.
  @inline(__always)
  mutating func look(
    _ position: Int, _ rotation: UnsafeMutablePointer<Rotation>, _ loads: LoadTable
  ) {
    if rotation.pointee.kind == .least {
      let seat = seats(rotation)[position]
      let sessions = loads.serverSessions(seat.slot)
      if sessions != seat.sessions { update(position, rotation, sessions: sessions) }
    } else {
      admitOrBar(position, rotation, loads)
    }
  }

  /// Looks at a few seats in turn. What this worker does is told (`noteSessions`); what others do is
  /// found here, for each server once in half as many choices as there are servers.
  @inline(__always)
  mutating func lookAround(_ rotation: UnsafeMutablePointer<Rotation>, _ loads: LoadTable) {
    if workers > 1 { lookAround(Self.looksEachChoice, rotation, loads) }
  }

  @inline(__always)
  mutating func lookAroundBeforeRefusal(
    _ rotation: UnsafeMutablePointer<Rotation>, _ loads: LoadTable
  ) {
    if workers > 1 { lookAround(Self.looksBeforeRefusal, rotation, loads) }
  }

  private mutating func lookAround(
    _ most: Int, _ rotation: UnsafeMutablePointer<Rotation>, _ loads: LoadTable
  ) {
    let count = Int(rotation.pointee.count)
    var position = Int(rotation.pointee.cursor)
    var left = min(most, count)
    while left > 0 {
      look(position, rotation, loads)
      position = next(position, count)
      left = left &- 1
    }
    rotation.pointee.cursor = UInt32(truncatingIfNeeded: position)
  }
}
