import Snapshots

/// lc, wlc and rt: fewest sessions over all workers, or fewest for the weight, which for rt the manager
/// works out from response times (`ResponseWeights`). Of equals the one that was chosen longest ago
/// has it, so that equals take turns.
///
/// Each service's servers play a tournament (Knuth, The Art of Computer Programming, volume 3,
/// section 5.4.1): the leaves of a binary tree are the servers, each inner node repeats the better
/// one of its two children. So the root names the best, and a change plays the matches on the way to
/// the root again.
extension Scheduler {
  /// Choices of a server whose sessions others changed meanwhile, before one is taken nevertheless.
  private static let mostSurprises = 8

  /// A server in the tournament.
  @frozen @usableFromInline
  struct Node {
    /// (sessions + 1) / weight with 32 bits of fraction, rounded down: exact for weights to 2^16,
    /// since different quotients are at least 2^-32 apart. `closed`: takes no new session.
    var load: Int64
    /// From bit 20 the turn in which it was chosen last, below that the seat.
    var rank: UInt64

    @inline(__always)
    var position: Int { Int(truncatingIfNeeded: rank & (1 << Node.turnShift &- 1)) }

    static let turnShift: UInt64 = 20
    static let closed = Int64.max

    /// The better one. By the sign of a difference, since a comparison would become a branch that is
    /// mispredicted as often as not.
    @inline(__always)
    static func better(_ one: Node, _ other: Node) -> Node {
      let difference =
        Int128(_low: other.rank, _high: other.load) &- Int128(_low: one.rank, _high: one.load)
      let mask = difference._high >> 63
      return Node(
        load: one.load ^ (one.load ^ other.load) & mask,
        rank: one.rank ^ (one.rank ^ other.rank) & UInt64(bitPattern: mask))
    }
  }

  /// Of `count` servers: the root is 1, the children of i are 2 i and 2 i + 1, the leaves begin at
  /// `count`.
  @inline(__always)
  private func tree(_ rotation: UnsafeMutablePointer<Rotation>) -> UnsafeMutablePointer<Node> {
    nodes + 2 &* Int(truncatingIfNeeded: rotation.pointee.first)
  }

  @inline(__always)
  private func leaf(_ position: Int, _ seat: Seat) -> Node {
    Node(
      load: seat.sessions < seat.limit ? seat.load(seat.sessions) : Node.closed,
      rank: seat.turn << Node.turnShift | UInt64(truncatingIfNeeded: position))
  }

  mutating func growTree(_ rotation: UnsafeMutablePointer<Rotation>, _ loads: LoadTable) {
    let count = Int(rotation.pointee.count)
    let tree = tree(rotation)
    let seats = seats(rotation)
    rotation.pointee.pending = 0
    // Who was never chosen comes before all others, in the order from this worker's first on.
    let first = worker &* count / workers
    var position = 0
    while position < count {
      if seats[position].turn == 0 {
        let order = position < first ? position &+ count &- first : position &- first
        seats[position].turn = UInt64(truncatingIfNeeded: order)
      }
      seats[position].sessions = loads.serverSessions(seats[position].slot)
      tree[count &+ position] = leaf(position, seats[position])
      position = position &+ 1
    }
    var index = count &- 1
    while index > 0 {
      tree[index] = Node.better(tree[2 &* index], tree[2 &* index &+ 1])
      index = index &- 1
    }
  }

  /// Plays a server's matches again. All of them: to see where the outcome no longer changes would
  /// cost more than what is left.
  mutating func update(
    _ position: Int, _ rotation: UnsafeMutablePointer<Rotation>, sessions: UInt32
  ) {
    let tree = tree(rotation)
    let seat = seats(rotation) + position
    seat.pointee.sessions = sessions
    var index = Int(rotation.pointee.count) &+ position
    var node = leaf(position, seat.pointee)
    tree[index] = node
    while index > 1 {
      node = Node.better(node, tree[index ^ 1])
      index = index >> 1
      tree[index] = node
    }
  }

  mutating func leastConnections(
    _ rotation: UnsafeMutablePointer<Rotation>, _ loads: LoadTable
  ) -> UInt32 {
    let tree = tree(rotation)
    let seats = seats(rotation)
    settle(rotation)
    lookAround(rotation, loads)
    if tree[1].load == Node.closed { lookAroundBeforeRefusal(rotation, loads) }
    var surprises = 0
    while tree[1].load != Node.closed {
      let position = tree[1].position
      let seat = seats + position
      let sessions = loads.serverSessions(seat.pointee.slot)
      let isExpected = sessions == seat.pointee.sessions || surprises >= Self.mostSurprises
      if isExpected, sessions < seat.pointee.limit {
        take(position, rotation)
        return seat.pointee.slot
      }
      // Each full one that is met is out; so this ends.
      if surprises == Int(rotation.pointee.count) &+ Self.mostSurprises { break }
      update(position, rotation, sessions: sessions)
      surprises = surprises &+ 1
    }
    return noIndex
  }

  /// Gives a server its turn. Its node is left for `noteSessions`, which mostly follows.
  @inline(__always)
  private mutating func take(_ position: Int, _ rotation: UnsafeMutablePointer<Rotation>) {
    let turn = rotation.pointee.turn &+ 1
    rotation.pointee.turn = turn
    let seat = seats(rotation) + position
    seat.pointee.turn = turn
    places[Int(truncatingIfNeeded: seat.pointee.slot)].turn = turn
    rotation.pointee.pending = UInt32(truncatingIfNeeded: position &+ 1)
  }

  /// Shows the last choice's turn in the tree if nothing else did.
  @inline(__always)
  private mutating func settle(_ rotation: UnsafeMutablePointer<Rotation>) {
    guard rotation.pointee.pending != 0 else { return }
    let position = Int(truncatingIfNeeded: rotation.pointee.pending) &- 1
    rotation.pointee.pending = 0
    let leaf = tree(rotation) + (Int(rotation.pointee.count) &+ position)
    if leaf.pointee.rank >> Node.turnShift != rotation.pointee.turn {
      update(position, rotation, sessions: seats(rotation)[position].sessions)
    }
  }
}
