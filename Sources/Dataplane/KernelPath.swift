import CDPDKShim
import Glibc
import Synchronization

/// The way between the workers and the kernel, for a thread of its own: what workers put on their rings
/// goes into the TAP devices of the twins and of health checks along the path, and what comes out of
/// these onto the ring to the worker that sends it.
///
/// Workers make no system call, so nothing wakes the thread when a ring gets a packet: it looks every
/// millisecond.
public final class KernelPath: @unchecked Sendable {
  /// A port's TAP device, open and non-blocking.
  public struct Twin: Sendable {
    public let port: Int
    public let descriptor: Int32
    /// 802.1Q id of what the port sends, 0 for none.
    public let vlan: UInt16

    public init(port: Int, descriptor: Int32, vlan: UInt16) {
      self.port = port
      self.descriptor = descriptor
      self.vlan = vlan
    }
  }

  /// What passed since the start.
  public struct Counts: Sendable {
    public let toKernel: UInt64
    public let fromKernel: UInt64
    /// Packets that a twin, a full ring or a lack of buffers did not let through.
    public let lost: UInt64
  }

  /// The address of the check device, as `MACAddress.word`: 02:00:00:00:00:01. It is alone on its link.
  public static let checkMAC: UInt64 = 0x0100_0000_0002

  private static let burstSize = 32
  private static let bufferCount: UInt32 = 2047
  /// The longest frame: MTU 9216 and the link header.
  private static let longestFrame = 9230

  private let shared: Shared
  private let twins: [Twin]
  private let descriptors: UnsafeMutablePointer<Int32>
  private let pool: OpaquePointer
  private let burst: UnsafeMutablePointer<OpaquePointer?>
  private let frame: UnsafeMutableRawPointer
  /// The TAP device of health checks along the path; -1 without one.
  private let checks = Atomic<Int32>(-1)
  private let isStopping = Atomic<Bool>(false)
  private let delivered = Atomic<UInt64>(0)
  private let collected = Atomic<UInt64>(0)
  private let lost = Atomic<UInt64>(0)

  init(_ shared: Shared, _ twins: [Twin], hugePages: Bool) throws(ApplianceError) {
    self.shared = shared
    self.twins = twins
    // Without caches: those of the workers would keep what this thread is short of.
    guard
      let pool = shim_pool_create(
        Environment.uniqueName("twins"), Self.bufferCount, 0, -1, hugePages)
    else {
      throw ApplianceError(
        "no memory for the kernel twins' packet buffers (\(Environment.errorText(shim_errno())))")
    }
    self.pool = pool
    descriptors = .allocate(capacity: shared.portCount)
    descriptors.initialize(repeating: -1, count: shared.portCount)
    for twin in twins { descriptors[twin.port] = twin.descriptor }
    burst = .allocate(capacity: Self.burstSize)
    burst.initialize(repeating: nil, count: Self.burstSize)
    frame = .allocate(byteCount: Self.longestFrame, alignment: 16)
  }

  deinit {
    descriptors.deallocate()
    burst.deallocate()
    frame.deallocate()
  }

  public var counts: Counts {
    Counts(
      toKernel: delivered.load(ordering: .relaxed), fromKernel: collected.load(ordering: .relaxed),
      lost: lost.load(ordering: .relaxed))
  }

  /// Moves packets until `stop`.
  public func run() {
    // The last is the check device's: a negative one is passed over (poll(2)).
    let descriptors = twins.map(\.descriptor) + [-1]
    var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    while !isStopping.load(ordering: .acquiring) {
      polled[twins.count].fd = checks.load(ordering: .acquiring)
      if turn() == 0 { poll(&polled, nfds_t(polled.count), 1) }
    }
  }

  /// Has health checks along the path go by a TAP device, open and non-blocking, from now on; from any
  /// thread, once.
  public func open(checks descriptor: Int32) { checks.store(descriptor, ordering: .releasing) }

  /// Has `run` return soon; from any thread.
  public func stop() { isStopping.store(true, ordering: .releasing) }

  /// Moves at most a burst from each worker, and from each twin as many as these may have had the kernel
  /// answer, so that a flood does not fill the twin's queue.
  ///
  /// - Returns: how many packets there were
  func turn() -> Int {
    var moved = 0
    for worker in 0..<shared.workers { moved += deliver(from: worker) }
    for twin in twins { moved += collect(from: twin) }
    let checks = checks.load(ordering: .acquiring)
    if checks >= 0 {
      moved += collect(from: Twin(port: shared.checkDevice, descriptor: checks, vlan: 0))
    }
    return moved
  }

  private func deliver(from worker: Int) -> Int {
    guard let ring = shared.toKernel[worker], let returns = shared.kernelReturns[worker] else {
      return 0
    }
    let count = shim_ring_dequeue(ring, burst, UInt32(Self.burstSize))
    for place in 0..<Int(count) {
      guard let mbuf = burst[place] else { continue }
      let port = Int(shim_mbuf_port(mbuf))
      let descriptor =
        port == shared.checkDevice ? checks.load(ordering: .acquiring) : descriptors[port]
      if shim_mbuf_write(mbuf, descriptor) == 0 {
        delivered.add(1, ordering: .relaxed)
      } else {
        lost.add(1, ordering: .relaxed)
      }
    }
    // There is room for all that is ever out.
    _ = shim_ring_enqueue(returns, burst, count)
    return Int(count)
  }

  private func collect(from twin: Twin) -> Int {
    guard let ring = shared.fromKernel else { return 0 }
    var count = 0
    while count < Self.burstSize * shared.workers {
      let length = read(twin.descriptor, frame, Self.longestFrame)
      guard length > 0 else { break }
      count += 1
      guard length >= 14, !shim_ring_is_full(ring),
        let mbuf = shim_mbuf_from_frame(pool, frame, UInt16(length), twin.vlan)
      else {
        lost.add(1, ordering: .relaxed)
        continue
      }
      shim_mbuf_set_port(mbuf, UInt16(twin.port))
      shim_ring_put(ring, mbuf)
      collected.add(1, ordering: .relaxed)
    }
    return count
  }

  /// Frees its packet buffers. Only when no worker and no device holds any.
  func freePool() { rte_mempool_free(pool) }
}

extension Appliance {
  /// The way between the workers and these twins; made once.
  public func makeKernelPath(_ twins: [KernelPath.Twin]) throws(ApplianceError) -> KernelPath {
    try KernelPath(shared, twins, hugePages: usesHugePages)
  }
}
