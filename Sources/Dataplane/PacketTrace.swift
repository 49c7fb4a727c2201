import Balancing
import CDPDKShim
import Labels
import Sessions

/// A trace over all workers: up to `wanted` packets each, those that a filter matches.
public final class PacketTrace {
  public let filter: String
  public let wanted: Int
  private let compiled: PacketFilter?
  private var controls: [UnsafeMutablePointer<TraceControl>] = []

  /// - Parameters:
  ///   - filter: a pcap-filter(7) expression, empty for every packet
  /// - Throws: `ApplianceError` with libpcap's words when the filter is no such expression
  init(filter: String, wanted: Int, workers: Int) throws(ApplianceError) {
    self.filter = filter
    self.wanted = wanted
    compiled = filter.isEmpty ? nil : try PacketFilter(filter)
    for _ in 0..<workers { controls.append(Self.makeControl(compiled?.program, wanted)) }
  }

  private static func makeControl(
    _ filter: OpaquePointer?, _ wanted: Int
  ) -> UnsafeMutablePointer<TraceControl> {
    let entries = UnsafeMutablePointer<TraceEntry>.allocate(capacity: wanted)
    for place in 0..<wanted {
      (entries + place).initialize(
        to: TraceEntry(
          bytesBefore: .allocate(byteCount: TraceControl.entryBytes, alignment: 16),
          bytesAfter: .allocate(byteCount: TraceControl.entryBytes, alignment: 16)))
    }
    let control = UnsafeMutablePointer<TraceControl>.allocate(capacity: 1)
    control.initialize(to: TraceControl())
    control.pointee.filter = filter
    control.pointee.wanted = UInt64(wanted)
    control.pointee.entries = entries
    control.pointee.before = .allocate(capacity: Counter.blockSize)
    control.pointee.isActive = true
    return control
  }

  /// No worker may hold the trace any more.
  deinit {
    for control in controls {
      guard let entries = control.pointee.entries else { continue }
      for place in 0..<wanted {
        entries[place].bytesBefore.deallocate()
        entries[place].bytesAfter.deallocate()
      }
      entries.deallocate()
      control.pointee.before?.deallocate()
      control.deallocate()
    }
  }

  func control(worker: Int) -> UnsafeMutablePointer<TraceControl> { controls[worker] }

  public var isActive: Bool { controls.contains { $0.pointee.isActive } }

  /// One packet's path, as `TraceEntry` has it.
  public struct Packet: Sendable {
    public let worker: Int
    /// Nanoseconds on the appliance's clock.
    public let time: UInt64
    public let port: Int
    public let length: Int
    /// The counter that the packet ended as; nil when it went to another worker.
    public let outcome: String?
    public let egress: Int?
    public let label: UInt32
    public let labelEntry: LabelEntry
    public let isHandedOver: Bool
    public let isAnswered: Bool
    /// Why a session was refused; `admitted` if none was.
    public let refusal: AdmissionVerdict
    public let hasKey: Bool
    public let hadSession: Bool
    public let session: SessionRecord?
    public let before: [UInt8]
    public let after: [UInt8]

    init(_ entry: TraceEntry, worker: Int) {
      self.worker = worker
      time = entry.time
      port = Int(entry.port)
      length = Int(entry.length)
      outcome =
        entry.outcome == TraceEntry.handedOver
        ? nil : Counter.places.first { $0.place == Int(entry.outcome) }?.name
      egress = entry.egress == .max ? nil : Int(entry.egress)
      label = entry.label
      labelEntry = LabelEntry(rawValue: entry.entry)
      isHandedOver = entry.isHandedOver
      isAnswered = entry.isAnswered
      refusal = entry.refusal
      hasKey = entry.hasKey
      hadSession = entry.hadSession
      session = entry.hasSession ? entry.record : nil
      before = Array(
        UnsafeRawBufferPointer(start: entry.bytesBefore, count: Int(entry.beforeCount)))
      after = Array(
        UnsafeRawBufferPointer(start: entry.bytesAfter, count: Int(entry.afterCount)))
    }
  }

  /// What was captured so far, by time, at most `wanted` packets.
  public var packets: [Packet] {
    var packets: [Packet] = []
    for (worker, control) in controls.enumerated() {
      let count = Int(shim_load_acquire(&control.pointee.captured))
      guard let entries = control.pointee.entries else { continue }
      for entry in UnsafeBufferPointer(start: entries, count: count) {
        packets.append(Packet(entry, worker: worker))
      }
    }
    packets.sort { $0.time < $1.time }
    return Array(packets.prefix(wanted))
  }
}

extension Appliance {
  /// Starts tracing with a filter, in place of the trace that runs.
  public func startTrace(filter: String, count: Int) throws(ApplianceError) -> PacketTrace {
    // Nobody else sends orders, so there is still room when they are sent below; a trace must reach
    // all workers or none.
    guard (0..<options.workers).allSatisfy(hasRoomForOrder) else {
      throw ApplianceError("a worker has too many orders waiting: try again")
    }
    let trace = try PacketTrace(filter: filter, wanted: count, workers: options.workers)
    for worker in 0..<options.workers {
      guard let ring = shared.orders[worker] else { continue }
      _ = shim_ring_send_word(ring, Order.trace(trace.control(worker: worker)))
    }
    return trace
  }

  private func hasRoomForOrder(worker: Int) -> Bool {
    shared.orders[worker].map { shim_ring_count($0) < Shared.orderRingSize - 1 } ?? false
  }

  /// A token that `isPast(token:)` answers true for when every worker has begun a loop since.
  public func startGrace() -> UInt64 { shim_qsbr_start(shared.quiescence) }

  public func isPast(token: UInt64) -> Bool { shim_qsbr_passed(shared.quiescence, token) }
}
