import Balancing
import CDPDKShim
import Labels
import Sessions
import Snapshots
import Wire

/// Tracing looks from outside: what the tables hold before a packet, what the counters, the tables
/// and the send lists hold after it. The packet path itself knows nothing of it, and so pays nothing.
extension Worker {
  @inline(never)
  mutating func processTraced(_ count: Int, port: Int) {
    var place = 0
    while place < count {
      traceOne(
        burst[place].unsafelyUnwrapped, port: port, note: HandoverNote(.none), isHandedOver: false)
      place &+= 1
    }
  }

  @inline(never)
  mutating func traceOne(
    _ mbuf: OpaquePointer, port: Int, note: HandoverNote, isHandedOver: Bool
  ) {
    let control = trace
    let length = shim_mbuf_packet_length(mbuf)
    let available = UInt32(shim_mbuf_data_length(mbuf))
    let isWanted =
      control.pointee.isActive
      && (control.pointee.filter == nil
        || shim_filter_matches(control.pointee.filter, shim_mbuf_data(mbuf), length, available))
    guard isWanted, let entries = control.pointee.entries, let before = control.pointee.before
    else { return inspect(mbuf, port: port, note: note) }

    // Empty lists show afterwards what this packet put on them.
    flushTransmits()
    let entry = entries + Int(control.pointee.captured)
    entry.pointee.time = now
    entry.pointee.port = UInt32(truncatingIfNeeded: port)
    entry.pointee.length = length
    entry.pointee.isHandedOver = isHandedOver
    entry.pointee.beforeCount = Self.copyFrame(mbuf, to: entry.pointee.bytesBefore)
    before.update(from: counters, count: Counter.blockSize)
    let tuple = examine(mbuf, port: port, entry)
    entry.pointee.hasKey = tuple != nil
    entry.pointee.hadSession = tuple.map { find($0) != noIndex } ?? false
    let handedOver = handoverCount()

    inspect(mbuf, port: port, note: note)

    conclude(entry, before, tuple, isHandedOver: handoverCount() != handedOver)
    let captured = control.pointee.captured &+ 1
    shim_store_release(&control.pointee.captured, captured)
    if captured == control.pointee.wanted { control.pointee.isActive = false }
  }

  private static func copyFrame(
    _ mbuf: OpaquePointer, to place: UnsafeMutableRawPointer
  ) -> UInt32 {
    let count = min(Int(shim_mbuf_data_length(mbuf)), TraceControl.entryBytes)
    place.copyMemory(from: shim_mbuf_data(mbuf).unsafelyUnwrapped, byteCount: count)
    return UInt32(truncatingIfNeeded: count)
  }

  /// Notes the label's entry, and finds the key of the packet if it has one.
  private mutating func examine(
    _ mbuf: OpaquePointer, port: Int, _ entry: UnsafeMutablePointer<TraceEntry>
  ) -> FlowTuple? {
    let data = UnsafeRawPointer(shim_mbuf_data(mbuf).unsafelyUnwrapped)
    let available = Int(shim_mbuf_data_length(mbuf))
    let total = Int(shim_mbuf_packet_length(mbuf))
    var offset = self.port(port).pointee.vlan == 0 ? 14 : 18
    guard available > offset else { return nil }
    if data.word(offset &- 2, as: UInt16.self) == WireEthertype.mpls {
      let stack = LabelInspector.inspect(
        data + offset, available: available &- offset, total: total &- offset)
      guard stack.outcome == PacketParser.accepted else { return nil }
      offset &+= stack.stackLength
      if stack.hasSessionLabel {
        entry.pointee.label = stack.entry.label
        entry.pointee.entry = shared.labelTable.load(label: stack.entry.label).rawValue
      }
    }
    var packet = ParsedPacket()
    let outcome = PacketParser.parse(
      data + offset, available: available &- offset, total: total &- offset, into: &packet)
    return outcome == PacketParser.accepted ? FlowTuple(packet) : nil
  }

  private mutating func find(_ tuple: FlowTuple) -> UInt32 {
    sessions.find(tuple, sessions.hash.hash(tuple)).index
  }

  private mutating func handoverCount() -> Int {
    var sum = Int(counters[Counter.handoverPackets.rawValue])
    var worker = 0
    while worker < shared.workers {
      sum &+= handovers[worker].count
      worker &+= 1
    }
    return sum
  }

  private mutating func conclude(
    _ entry: UnsafeMutablePointer<TraceEntry>, _ before: UnsafeMutablePointer<UInt64>,
    _ tuple: FlowTuple?, isHandedOver: Bool
  ) {
    entry.pointee.outcome =
      isHandedOver ? TraceEntry.handedOver : UInt32(truncatingIfNeeded: outcomePlace(before))
    let answers = Counter.answerPackets.rawValue
    entry.pointee.isAnswered = counters[answers] != before[answers]
    entry.pointee.refusal = refusal(since: before)
    if let tuple, case let session = find(tuple), session != noIndex {
      entry.pointee.hasSession = true
      entry.pointee.record = record(session).pointee
    }
    var port = 0
    while port < shared.portCount {
      if transmit[port].count > 0, let sent = transmit[port].packets[0] {
        entry.pointee.egress = UInt32(truncatingIfNeeded: port)
        entry.pointee.afterCount = Self.copyFrame(sent, to: entry.pointee.bytesAfter)
      }
      port &+= 1
    }
  }

  private func refusal(since before: UnsafeMutablePointer<UInt64>) -> AdmissionVerdict {
    var value = AdmissionVerdict.admitted.rawValue
    while let verdict = AdmissionVerdict(rawValue: value) {
      if let place = Counter.of(verdict)?.rawValue, counters[place] != before[place] {
        return verdict
      }
      value &+= 1
    }
    return .admitted
  }

  private func outcomePlace(_ before: UnsafeMutablePointer<UInt64>) -> Int {
    var place = Counter.dropBase
    while place < Counter.blockSize {
      if counters[place] != before[place] { return place }
      place &+= 1
    }
    if counters[Counter.kernelPackets.rawValue] != before[Counter.kernelPackets.rawValue] {
      return Counter.kernelPackets.rawValue
    }
    if counters[Counter.labelSwitched.rawValue] != before[Counter.labelSwitched.rawValue] {
      return Counter.labelSwitched.rawValue
    }
    return Counter.analysedForwarded.rawValue
  }
}
