import CDPDKShim

/// A packet capture: taps on the queues of some ports, which copy what passes into a buffer of each
/// worker's.
///
/// The manager's thread attaches, detaches and frees it; one other thread reads it and may close it.
public final class PacketCapture: @unchecked Sendable {
  public struct Options: Sendable {
    /// Ports by their index. A port's place here is its interface.
    public var ports: [Int]
    public var takesInbound = true
    public var takesOutbound = true
    /// A pcap-filter(7) expression, empty for every packet.
    public var filter = ""
    /// Bytes that are kept of a packet at most.
    public var snapLength: UInt32 = .max

    public init(ports: [Int]) { self.ports = ports }
  }

  /// Packets that the taps saw, those of them that the filter did not choose, and those for which a
  /// buffer had no room.
  public struct Counts: Sendable, Equatable {
    public var seen: UInt64 = 0
    public var filtered: UInt64 = 0
    public var lost: UInt64 = 0

    public init() {}
  }

  /// What is known of a packet beside its bytes.
  public struct Packet: Sendable {
    /// The processor's cycle counter when its burst passed.
    public let cycles: UInt64
    public let interface: Int
    public let isOutbound: Bool
    /// Of the packet on its link, in bytes.
    public let length: Int
  }

  /// A queue to be tapped, and the worker that uses it.
  struct Queue {
    let port: UInt16
    let queue: UInt16
    let isOutbound: Bool
    let interface: Int
    let worker: Int
  }

  /// 8 MiB a worker: 90 ms of a million small packets a second.
  static let bufferOrder: UInt32 = 23

  private let interfaces: Int
  private let filter: PacketFilter?
  let closed: UnsafeMutablePointer<UInt32>
  /// One a worker.
  private(set) var buffers: [OpaquePointer] = []
  private var taps: [(tap: OpaquePointer, interface: Int)] = []
  /// What there was at the end.
  private var last: [Counts] = []
  private var isFreed = false

  init(
    _ options: Options, queues: [Queue], workers: Int,
    bufferOrder: UInt32 = PacketCapture.bufferOrder
  ) throws(ApplianceError) {
    interfaces = options.ports.count
    filter = options.filter.isEmpty ? nil : try PacketFilter(options.filter)
    closed = .allocate(capacity: 1)
    closed.initialize(to: 0)
    for _ in 0..<workers {
      guard let buffer = shim_capture_buffer_create(bufferOrder) else { throw Self.noMemory }
      buffers.append(buffer)
    }
    for queue in queues {
      var setup = shim_tap_setup()
      setup.port = queue.port
      setup.queue = queue.queue
      setup.outbound = queue.isOutbound
      setup.interface = UInt16(queue.interface)
      setup.snap_length = options.snapLength
      setup.filter = filter?.program
      setup.buffer = buffers[queue.worker]
      setup.closed = UnsafePointer(closed)
      guard let tap = shim_tap_create(&setup) else { throw Self.noMemory }
      taps.append((tap, queue.interface))
    }
  }

  private static let noMemory = ApplianceError("no memory to capture packets")

  deinit { free() }

  /// Sets the taps on their queues; `detach` is needed even when this fails.
  func attach() throws(ApplianceError) {
    for (tap, _) in taps {
      let result = shim_tap_attach(tap)
      guard result == 0 else {
        throw ApplianceError("a port cannot be captured: \(Environment.errorText(result))")
      }
    }
  }

  /// Takes the taps off. Workers may be within them until they were quiescent.
  func detach() {
    for (tap, _) in taps { shim_tap_detach(tap) }
  }

  /// Gives all memory back. Nobody may read it any more and no worker be within a tap; DPDK is still
  /// there.
  public func free() {
    guard !isFreed else { return }
    isFreed = true
    last = (0..<interfaces).map(read)
    for (tap, _) in taps { shim_tap_free(tap) }
    for buffer in buffers { shim_capture_buffer_free(buffer) }
    closed.deallocate()
    taps = []
    buffers = []
  }

  /// What an interface's taps saw.
  public func counts(interface: Int) -> Counts { isFreed ? last[interface] : read(interface) }

  public var counts: Counts {
    (0..<interfaces).reduce(into: Counts()) { $0.add(counts(interface: $1)) }
  }

  private func read(_ interface: Int) -> Counts {
    var sum = Counts()
    for (tap, place) in taps where place == interface {
      var counts = shim_tap_counts()
      shim_tap_read(tap, &counts)
      sum.add(counts)
    }
    return sum
  }

  /// The taps, in the order of the queues.
  var everyTap: [OpaquePointer] { taps.map(\.tap) }
}

extension PacketCapture.Counts {
  fileprivate mutating func add(_ other: Self) {
    seen += other.seen
    filtered += other.filtered
    lost += other.lost
  }

  fileprivate mutating func add(_ other: shim_tap_counts) {
    seen += other.seen
    filtered += other.filtered
    lost += other.lost
  }
}
