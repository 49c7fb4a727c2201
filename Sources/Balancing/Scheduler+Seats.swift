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
    let algorithm = record.pointee.algorithm
    let slots = snapshot.slots(of: record)
    rotation.pointee.epoch = epoch
    rotation.pointee.first = record.pointee.firstServer
    rotation.pointee.cursor = 0
    rotation.pointee.hasLimits = false
    if rotation.pointee.turn == 0 { rotation.pointee.turn = 1 << Node.turnShift }
    let scale = WeightScale(record, snapshot)
    let seats = self.seats(rotation)
    var position = 0
    var index = 0
    while index < Int(record.pointee.serverCount) {
      let server = snapshot.servers + Int(truncatingIfNeeded: slots[index])
      // Who is drawn at random has no place in an order.
      if algorithm != .p2c || server.pointee.takesNewSessions && server.pointee.isReachable {
        let place = self.place(slots[index], of: slot)
        place.pointee.position = UInt32(truncatingIfNeeded: position)
        if server.pointee.maxSessions != 0 { rotation.pointee.hasLimits = true }
        seats[position] = Seat(
          slots[index], server, weight: algorithm == .lc ? 1 : server.pointee.weight, scale,
          turn: place.pointee.turn)
        position = position &+ 1
      }
      index = index &+ 1
    }
    rotation.pointee.count = UInt32(truncatingIfNeeded: position)
    switch algorithm {
    case .p2c: rotation.pointee.kind = .drawn
    case .wrr:
      rotation.pointee.kind = .smooth
      drawLines(rotation, loads)
    default:
      rotation.pointee.kind = .least
      growTree(rotation, loads)
    }
  }

  /// What is remembered of a server, or nothing yet if the slot was another service's.
  private func place(_ server: UInt32, of service: UInt32) -> UnsafeMutablePointer<Place> {
    let place = places + Int(truncatingIfNeeded: server)
    if place.pointee.service != service &+ 1 {
      place.initialize(
        to: Place(base: 0, gain: 0, position: 0, turn: 0, service: service &+ 1, reserved: 0))
    }
    return place
  }

  /// Brings what is kept of a seat's sessions up to date.
  @inline(__always)
  mutating func look(
    _ position: Int, _ rotation: UnsafeMutablePointer<Rotation>, _ loads: LoadTable
  ) {
    switch rotation.pointee.kind {
    case .least:
      let seat = seats(rotation)[position]
      let sessions = loads.serverSessions(seat.slot)
      if sessions != seat.sessions { update(position, rotation, sessions: sessions) }
    case .smooth: admitOrBar(position, rotation, loads)
    case .drawn, .none: break
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
