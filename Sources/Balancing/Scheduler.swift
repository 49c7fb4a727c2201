import Snapshots

/// Chooses servers for new sessions. One a worker.
///
/// What it must remember of a service and of a server lies by slot, and so outlives snapshots, and
/// servers that come and go. What makes a choice quick is a copy of the service's servers side by
/// side (`Scheduler+Seats`), made anew at the service's first choice under each snapshot.
@frozen
public struct Scheduler: @unchecked Sendable {
  /// By service slot.
  @usableFromInline let rotations: UnsafeMutablePointer<Rotation>
  /// By server slot.
  @usableFromInline let places: UnsafeMutablePointer<Place>
  /// A service's begin at its `firstServer`, as those of `lines` and `blocks` do.
  @usableFromInline let seats: UnsafeMutablePointer<Seat>
  /// Two for each seat.
  @usableFromInline let nodes: UnsafeMutablePointer<Node>
  @usableFromInline let lines: UnsafeMutablePointer<Line>
  @usableFromInline let blocks: UnsafeMutablePointer<Block>
  /// `drawsKept` for each service slot.
  @usableFromInline let draws: UnsafeMutablePointer<Int64>
  @usableFromInline let worker: Int
  @usableFromInline let workers: Int
  /// State of the random numbers that p2c draws by.
  @usableFromInline var random: UInt64
  /// Which snapshot `choose` saw last, counted from 1.
  @usableFromInline var epoch: UInt64 = 0
  @usableFromInline var seenBase: UnsafeMutableRawPointer?
  @usableFromInline var seenNumber: UInt64 = 0

  /// The bytes that `init` needs, a multiple of 64.
  ///
  /// - Parameters:
  ///   - servers: slots of servers, as many as any snapshot will have; nor has any snapshot more
  ///     `serverSlots`
  ///   - services: slots of services
  public static func byteCount(servers: Int, services: Int) -> Int {
    Region.round(services * MemoryLayout<Rotation>.stride)
      + Region.round(servers * MemoryLayout<Place>.stride)
      + Region.round(servers * MemoryLayout<Seat>.stride)
      + Region.round(servers * 2 * MemoryLayout<Node>.stride)
      + Region.round(servers * MemoryLayout<Line>.stride)
      + Region.round(servers * MemoryLayout<Block>.stride)
      + Region.round(services * drawsKept * MemoryLayout<Int64>.stride)
  }

  /// - Parameters:
  ///   - memory: zeroed, 64-byte aligned, `byteCount` long; this worker's own
  ///   - worker: of `workers`, from 0; makes workers begin at different servers
  public init(
    memory: UnsafeMutableRawPointer, worker: Int, workers: Int, servers: Int, services: Int,
    seed: UInt64
  ) {
    var next = memory
    func take<T>(_ type: T.Type, _ count: Int) -> UnsafeMutablePointer<T> {
      defer { next += Region.round(count * MemoryLayout<T>.stride) }
      return next.bindMemory(to: T.self, capacity: count)
    }
    rotations = take(Rotation.self, services)
    places = take(Place.self, servers)
    seats = take(Seat.self, servers)
    nodes = take(Node.self, servers * 2)
    lines = take(Line.self, servers)
    blocks = take(Block.self, servers)
    draws = take(Int64.self, services * Self.drawsKept)
    self.worker = worker
    self.workers = workers
    random = StableHash.mix(seed &+ UInt64(worker))
  }

  /// The slot of the server for a new session of a service, or `noIndex` if none may take it.
  ///
  /// The way to one that maglev chose may not be known yet.
  ///
  /// It counts nothing in `loads`. For `noteSessions` it takes the snapshot of the latest call to be
  /// the one that holds.
  ///
  /// - Parameters:
  ///   - slot: of the service
  ///   - record: the service, in `snapshot`
  ///   - snapshot: known by its address and number, of which at least one differs from the last's
  ///   - loads: sessions of all workers, for limits and least connections
  ///   - hash: of the session's key; only maglev looks at it
  public mutating func choose(
    service slot: UInt32, record: UnsafePointer<ServiceRecord>, snapshot: Snapshot,
    loads: LoadTable, hash: UInt64
  ) -> UInt32 {
    if record.pointee.serverCount == 0 { return noIndex }
    let rotation = rotations + Int(truncatingIfNeeded: slot)
    switch record.pointee.algorithm {
    case .rr: return roundRobin(Candidates(record, snapshot, loads), rotation)
    case .wrr:
      seatIfNeeded(slot, record, snapshot, loads)
      return weightedRoundRobin(rotation, loads)
    case .lc, .wlc, .rt:
      seatIfNeeded(slot, record, snapshot, loads)
      return leastConnections(rotation, loads)
    case .maglev:
      let candidates = Candidates(record, snapshot, loads)
      return Self.walk(record, snapshot, hash) { candidates.mayTake($0) }
    case .p2c:
      seatIfNeeded(slot, record, snapshot, loads)
      return twoChoices(slot, rotation, loads)
    }
  }

  /// Whether `noteSessions` has anything to note for a service. Inlined, so that the algorithms that
  /// count no sessions pay for a comparison.
  @inlinable @inline(__always)
  public func countsSessions(service: UInt32) -> Bool {
    let rotation = rotations + Int(truncatingIfNeeded: service)
    return rotation.pointee.kind != .none && rotation.pointee.epoch == epoch
  }

  /// Takes notice that a server's sessions have changed: to be called right after each
  /// `LoadTable.addSession`, `closeSession` and `reopenSession` of this worker, for any server and
  /// service, chosen by `choose` or not, where `countsSessions`.
  public mutating func noteSessions(server: UInt32, service: UInt32, loads: LoadTable) {
    let rotation = rotations + Int(truncatingIfNeeded: service)
    guard rotation.pointee.epoch == epoch else { return }
    let position = places[Int(truncatingIfNeeded: server)].position
    // It may have left the service.
    guard position < rotation.pointee.count,
      self.seats(rotation)[Int(truncatingIfNeeded: position)].slot == server
    else { return }
    look(Int(truncatingIfNeeded: position), rotation, loads)
  }
}

/// A service's servers, as a choice sees them.
struct Candidates {
  let slots: UnsafePointer<UInt32>
  let servers: UnsafePointer<ServerRecord>
  let count: Int
  let loads: LoadTable

  @inline(__always)
  init(_ record: UnsafePointer<ServiceRecord>, _ snapshot: Snapshot, _ loads: LoadTable) {
    slots = snapshot.slots(of: record)
    servers = snapshot.servers
    count = Int(record.pointee.serverCount)
    self.loads = loads
  }

  @inline(__always)
  func server(_ slot: UInt32) -> UnsafePointer<ServerRecord> {
    servers + Int(truncatingIfNeeded: slot)
  }

  @inline(__always)
  func isReachable(_ slot: UInt32) -> Bool { server(slot).pointee.isReachable }

  /// Whether a server takes new sessions and is below its limit.
  @inline(__always)
  func mayTake(_ slot: UInt32) -> Bool {
    let server = server(slot)
    return server.pointee.takesNewSessions && !loads.isFull(server: slot, server)
  }
}
