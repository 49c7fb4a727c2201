import Balancing
import CDPDKShim
import Labels
import Sessions
import Snapshots
import Synchronization
import Wire

/// One worker: a run-to-completion loop over the bursts of its queues, with the sessions and label
/// pairs that it owns. Lives in raw memory and is used by one lcore only; other threads read its
/// counters and, by version, its session records.
///
/// Methods that are not inlined are `mutating` even where they change nothing: Swift would hand a
/// non-mutating one a copy of the whole worker.
public struct Worker {
  static let burstSize = 32
  static let expiredAtOnce = 16

  let index: Int
  let shared: Shared
  let counters: UnsafeMutablePointer<UInt64>
  /// The queues that it polls, and whether what comes from them may have partial checksums.
  let polls: UnsafeMutablePointer<(port: UInt16, queue: UInt16, completes: Bool, portIndex: Int)>
  let pollCount: Int
  let burst: UnsafeMutablePointer<OpaquePointer?>
  /// What the look ahead found of each packet of the burst.
  let looks: UnsafeMutablePointer<Look>
  /// What the frames of the burst's port begin with: 16 bytes, and the mask of those that count.
  let frameHead: UnsafeMutablePointer<UInt64>
  /// One list a port.
  let transmit: UnsafeMutablePointer<PacketList>
  /// DPDK's number of each port.
  let devicePorts: UnsafeMutablePointer<UInt16>
  /// One list a worker.
  let handovers: UnsafeMutablePointer<PacketList>
  let stampArray: UnsafeMutablePointer<Atomic<UInt32>>
  /// Adjacency tables by the upper bits of an adjacency index: the snapshot's, then each worker's.
  let adjacencyTables: UnsafeMutablePointer<UnsafePointer<Adjacency>>
  /// The tick of the last SYN that left no state, by service slot; 0 is never.
  let statelessSYNs: UnsafeMutablePointer<UInt32>
  /// Sessions whose time has come.
  let expired: UnsafeMutablePointer<UInt32>
  /// See `KernelLimit.place`.
  let kernelLimits: UnsafeMutablePointer<KernelLimit>
  /// Where packets for kernel twins go; nil without any.
  let kernelRing: OpaquePointer?
  let fragmentScratch: UnsafeMutablePointer<OpaquePointer?>
  let clientHops: ClientHopCache
  let fragments: FragmentTable
  let admission: Admission

  var clock: CycleClock
  var trace: UnsafeMutablePointer<TraceControl>
  var discards: PacketList
  var snapshot: Snapshot
  var snapshotNumber: UInt64 = 0
  var now: UInt64 = 0
  /// Whether the last loop had packets.
  var wasBusy = false
  var tick: UInt32 = 0
  var labels: LabelManager
  var sessions: SessionTable
  var timers: TimerWheel
  var scheduler: Scheduler
  var nextHops: NextHopTable
  /// Of the health checks along the path that it owns.
  var probes: ProbeTable
  var embryonicSessions = 0
  /// The share of the session table that may be embryonic.
  var embryonicSessionLimit = 0
  /// Nanoseconds that a packet for the kernel takes of its limit.
  var kernelCost: UInt64 = 0
  /// Moves the draw of sessions whose requests are timed.
  var sampleDraw: UInt32 = 0
  /// The version that the next session's record gets (see `SessionReader`); never 0.
  var nextVersion: UInt32 = 1
  /// The batch of withdrawn pairs whose grace period runs, and the token that ends it.
  var graceBatch: UInt32 = 0
  var graceToken: UInt64 = 0
  var graceStartedAt: UInt32 = 0
  var isGraceRunning = false
  /// Where the sweep for sessions that are to end stands; negative when none runs.
  var sweepCursor = -1
  var sweepsAgain = false
  /// Keeps the next worker's fields off this one's cache lines.
  private var padding: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) =
    (0, 0, 0, 0, 0, 0, 0, 0)

  @inline(__always)
  func count(_ counter: Counter) { counters[counter.rawValue] &+= 1 }

  @inline(__always)
  func count(drop reason: DropReason) {
    counters[Counter.dropBase &+ Int(reason.rawValue)] &+= 1
  }

  /// Ends a packet as dropped.
  @inline(__always)
  mutating func drop(_ mbuf: OpaquePointer, _ reason: DropReason) {
    drop(mbuf, rawReason: reason.rawValue)
  }

  @inline(never)
  mutating func drop(_ mbuf: OpaquePointer, rawReason: UInt8) {
    counters[Counter.dropBase &+ Int(rawReason)] &+= 1
    discard(mbuf)
  }

  /// Gives a packet's buffers back to the pool with the next bulk.
  @inline(__always)
  mutating func discard(_ mbuf: OpaquePointer) {
    discards.append(mbuf)
    if discards.isFull { freeDiscards() }
  }

  @inline(never)
  mutating func freeDiscards() {
    shim_mbuf_free_bulk(discards.packets, UInt32(truncatingIfNeeded: discards.count))
    discards.removeAll()
  }

  @inline(__always)
  func adjacency(_ index: UInt32) -> UnsafePointer<Adjacency> {
    adjacencyTables[Int(truncatingIfNeeded: index >> 16)] + Int(truncatingIfNeeded: index & 0xffff)
  }

  @inline(__always)
  func port(_ index: Int) -> UnsafePointer<PortRecord> { snapshot.ports + index }

  @inline(__always)
  func record(_ session: UInt32) -> UnsafeMutablePointer<SessionRecord> {
    sessions.records + Int(truncatingIfNeeded: session)
  }
}
