import Snapshots

/// The next hops that a worker learned from its clients' frames: adjacencies with a count of the
/// sessions that use them, found by address and port.
///
/// Label entries name an adjacency by index and any worker may follow it, so a place is used again
/// only when no session holds it and a grace period has passed since the last one let go.
struct NextHopTable {
  /// Places; an index is 16 bits wide, and the last value stays free.
  static let capacity = 65_535
  private static let hashSize = 131_072
  private static let empty: UInt32 = .max

  let adjacencies: UnsafeMutablePointer<Adjacency>
  private let uses: UnsafeMutablePointer<UInt32>
  private let releasedAt: UnsafeMutablePointer<UInt32>
  private let hash: UnsafeMutablePointer<UInt32>
  private var count: UInt32 = 0
  private var hand: UInt32 = 0
  /// Places let go before this tick are read by nobody any more.
  private var graceTick: UInt32 = 0
  /// Whether places are wanted that only wait for a grace period.
  private(set) var needsGrace = false

  static var byteCount: Int {
    capacity * MemoryLayout<Adjacency>.stride + capacity * 8 + hashSize * 4 + 256
  }

  init(memory: UnsafeMutableRawPointer) {
    adjacencies = memory.bindMemory(to: Adjacency.self, capacity: Self.capacity)
    let rest = memory + Self.capacity * MemoryLayout<Adjacency>.stride
    uses = rest.bindMemory(to: UInt32.self, capacity: Self.capacity)
    releasedAt = uses + Self.capacity
    hash = releasedAt + Self.capacity
    hash.update(repeating: Self.empty, count: Self.hashSize)
  }

  private static func slot(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 47)
  }

  private func key(_ place: UInt32) -> UInt64 {
    let adjacency = adjacencies + Int(place)
    return adjacency.pointee.destination | UInt64(adjacency.pointee.port) << 48
  }

  /// The place of a next hop, taken for one more session; `noIndex` when all places are in use.
  mutating func acquire(mac: UInt64, port: UInt8, egress: PortRecord, now: UInt32) -> UInt32 {
    let wanted = mac | UInt64(port) << 48
    var slot = Self.slot(wanted)
    while hash[slot] != Self.empty {
      let place = hash[slot]
      if key(place) == wanted {
        uses[Int(place)] &+= 1
        return place
      }
      slot = (slot &+ 1) & (Self.hashSize &- 1)
    }
    let place = freePlace(now)
    guard place != noIndex else { return noIndex }
    // Making room may have moved the end of the run.
    slot = Self.slot(wanted)
    while hash[slot] != Self.empty { slot = (slot &+ 1) & (Self.hashSize &- 1) }
    adjacencies[Int(place)] = Adjacency(destination: mac, port: port, egress: egress)
    uses[Int(place)] = 1
    hash[slot] = place
    return place
  }

  /// Lets go of a place for one session.
  mutating func release(_ place: UInt32, now: UInt32) {
    uses[Int(place)] &-= 1
    releasedAt[Int(place)] = now
  }

  private mutating func freePlace(_ now: UInt32) -> UInt32 {
    if count < UInt32(Self.capacity) {
      defer { count &+= 1 }
      return count
    }
    var tries = 0
    while tries < 64 {
      let place = hand
      hand = hand &+ 1 == count ? 0 : hand &+ 1
      if uses[Int(place)] == 0,
        Int32(bitPattern: graceTick &- releasedAt[Int(place)]) > 0
      {
        remove(place)
        return place
      }
      tries &+= 1
    }
    needsGrace = true
    return noIndex
  }

  /// A grace period that began at a tick has passed.
  mutating func endGrace(startedAt tick: UInt32) {
    graceTick = tick
    needsGrace = false
  }

  /// Takes a place out of the hash; those behind it in the run move up (Knuth 6.4, algorithm R).
  private mutating func remove(_ place: UInt32) {
    let mask = Self.hashSize &- 1
    var hole = Self.slot(key(place))
    while hash[hole] != place { hole = (hole &+ 1) & mask }
    var next = (hole &+ 1) & mask
    while hash[next] != Self.empty {
      let home = Self.slot(key(hash[next]))
      if (next &- home) & mask >= (next &- hole) & mask {
        hash[hole] = hash[next]
        hole = next
      }
      next = (next &+ 1) & mask
    }
    hash[hole] = Self.empty
  }
}
