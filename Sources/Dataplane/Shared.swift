import Balancing
import CDPDKShim
import Labels
import Sessions
import Snapshots

/// What all workers read and none changes after start, the published snapshot apart.
struct Shared {
  static let maximumPorts = 32

  /// `Snapshot.base` of the newest snapshot: stored with release, loaded with acquire.
  let published: UnsafeMutablePointer<UInt64>
  /// Nonzero ends every worker's loop.
  let stopping: UnsafeMutablePointer<UInt32>
  let workers: Int
  let portCount: Int
  let quiescence: OpaquePointer
  let labelTable: LabelSwitchTable
  let stamps: ActivityStamps
  let loads: LoadTable
  /// From request to response, and from SYN to SYN-ACK.
  let responseTimes: ResponseTimes
  let networkTimes: ResponseTimes
  /// What `Admission` keeps for all workers.
  let admissionMemory: UnsafeMutableRawPointer
  let clientRates: ClientRates
  let guardDigest: LabelGuard
  let sessionHash: SessionHash
  let scaling: ReceiveSideScaling
  /// The ring from worker a to worker b at `a * workers + b`.
  let rings: UnsafeMutablePointer<OpaquePointer?>
  /// The ring of the manager's orders to each worker.
  let orders: UnsafeMutablePointer<OpaquePointer?>
  /// Whether any port has a kernel twin.
  let hasTwins: Bool
  /// By worker: the ring of its packets for the twins, and the one by which their buffers come back.
  /// No other thread frees or takes buffers of the workers' pool: were it scheduled out in the middle,
  /// they would wait for it.
  let toKernel: UnsafeMutablePointer<OpaquePointer?>
  let kernelReturns: UnsafeMutablePointer<OpaquePointer?>
  /// What the twins and the check device sent; nil without twins.
  let fromKernel: OpaquePointer?
  let clock: CycleClock
  /// Whether workers share processors and should make way when they have nothing to do.
  let yieldsWhenIdle: Bool
  /// The next hops that each worker learned, for every worker to follow.
  let learned: UnsafeMutablePointer<UnsafePointer<Adjacency>>

  /// What a packet from or to the check device has in place of a port's index.
  @inline(__always)
  var checkDevice: Int { portCount }
}

/// Nanoseconds from the processor's cycle counter, without a system call.
struct CycleClock {
  private let start: UInt64
  private let scale: UInt64
  /// The clock does not begin at 0, so that a tick of 0 can mean "never".
  private static let earliest: UInt64 = 16 << Settings.tickShift
  private let origin: UInt64

  init(hertz: UInt64) {
    start = shim_cycles()
    scale = (1_000_000_000 << 32) / hertz
    origin = Self.earliest
  }

  /// A clock that stands.
  init(standingAt nanoseconds: UInt64) {
    start = 0
    scale = 0
    origin = Self.earliest &+ nanoseconds
  }

  @inline(__always)
  func nanoseconds() -> UInt64 {
    let product = (shim_cycles() &- start).multipliedFullWidth(by: scale)
    return origin &+ (product.high << 32 | product.low >> 32)
  }
}
