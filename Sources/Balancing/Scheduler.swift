import Snapshots

/// Chooses servers for new sessions. One a worker.
///
/// It keeps, by slot, where the rotation of each service stands and how far each server is behind
/// its weight. So its state outlives snapshots, and servers that come and go.
@frozen
public struct Scheduler: @unchecked Sendable {
  @usableFromInline let rotations: UnsafeMutablePointer<Rotation>
  /// By server slot: the current weight of smooth weighted round robin.
  @usableFromInline let currents: UnsafeMutablePointer<Int64>
  @usableFromInline let worker: Int
  @usableFromInline let workers: Int
  /// State of the random numbers, for algorithms that draw. None does yet.
  @usableFromInline var random: UInt64

  /// Where a service's rotation stands.
  @frozen @usableFromInline
  struct Rotation {
    /// The slot of the server chosen last, plus 1; 0 before the first choice.
    var last: UInt32
    /// Where that server stood among the service's.
    var index: UInt32
    /// The weights' sum when wrr chose last.
    var total: Int64
  }

  /// The bytes that `init` needs, a multiple of 64.
  ///
  /// - Parameters:
  ///   - servers: slots of servers, as many as any snapshot will have
  ///   - services: slots of services
  public static func byteCount(servers: Int, services: Int) -> Int {
    Region.round(services * MemoryLayout<Rotation>.stride) + Region.round(servers * 8)
  }

  /// - Parameters:
  ///   - memory: zeroed, 64-byte aligned, `byteCount` long; this worker's own
  ///   - worker: of `workers`, from 0; makes workers begin at different servers
  public init(
    memory: UnsafeMutableRawPointer, worker: Int, workers: Int, servers: Int, services: Int,
    seed: UInt64
  ) {
    rotations = memory.bindMemory(to: Rotation.self, capacity: services)
    currents = (memory + Region.round(services * MemoryLayout<Rotation>.stride))
      .bindMemory(to: Int64.self, capacity: servers)
    self.worker = worker
    self.workers = workers
    random = seed
  }

  /// The slot of the server for a new session of a service, or `noIndex` if none may take it, or if
  /// the service's algorithm is rt or p2c, which are not built.
  ///
  /// It counts nothing in `loads`.
  ///
  /// - Parameters:
  ///   - slot: of the service
  ///   - record: the service, in `snapshot`
  ///   - loads: sessions of all workers, for limits and least connections
  ///   - hash: of the session's key; only maglev looks at it
  public mutating func choose(
    service slot: UInt32, record: UnsafePointer<ServiceRecord>, snapshot: Snapshot,
    loads: LoadTable, hash: UInt64
  ) -> UInt32 {
    let candidates = Candidates(record, snapshot, loads)
    if candidates.count == 0 { return noIndex }
    let rotation = rotations + Int(truncatingIfNeeded: slot)
    switch record.pointee.algorithm {
    case .rr: return roundRobin(candidates, rotation)
    case .wrr: return weightedRoundRobin(candidates, rotation)
    case .lc: return leastConnections(candidates, rotation, weighted: false)
    case .wlc: return leastConnections(candidates, rotation, weighted: true)
    case .maglev:
      return Self.walk(record, snapshot, hash) { candidates.mayTake($0) }
    case .rt, .p2c: return noIndex
    }
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

  /// Whether a server takes new sessions and is below its limit.
  @inline(__always)
  func mayTake(_ slot: UInt32) -> Bool {
    let server = server(slot)
    guard server.pointee.takesNewSessions else { return false }
    let limit = server.pointee.maxSessions
    return limit == 0 || loads.serverSessions(slot) < limit
  }
}
