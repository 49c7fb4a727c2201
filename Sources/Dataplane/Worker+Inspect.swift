import CDPDKShim
import Labels
import Snapshots
import Wire

extension Worker {
  /// The packet analyser's first look: link header, then the label tests or analysis.
  @inline(never)
  mutating func inspect(_ mbuf: OpaquePointer, port: Int, note: HandoverNote) {
    let data = shim_mbuf_data(mbuf).unsafelyUnwrapped
    let bytes = UnsafeRawPointer(data)
    let available = Int(shim_mbuf_data_length(mbuf))
    let total = Int(shim_mbuf_packet_length(mbuf))
    if available != total || shim_mbuf_segments(mbuf) != 1 {
      guard shim_mbuf_chain_is_whole(mbuf) else { return drop(mbuf, .chain) }
    }
    guard available >= 14 else { return drop(mbuf, total < 14 ? .frameShort : .chain) }
    let record = self.port(port)
    let destination = bytes.macAddress(0)
    if destination.word != record.pointee.mac && !destination.isMulticast {
      return drop(mbuf, .foreignMAC)
    }
    var link = 14
    if record.pointee.vlan != 0 {
      guard bytes.load16(12) == Ethertype.vlan else { return drop(mbuf, .vlan) }
      guard available >= 18 else { return drop(mbuf, total < 18 ? .frameShort : .chain) }
      guard bytes.load16(14) & 0x0fff == record.pointee.vlan else { return drop(mbuf, .vlan) }
      link = 18
    }
    let ethertype = bytes.word(link &- 2, as: UInt16.self)
    var frame = Frame(
      mbuf: mbuf, data: data, available: available, total: total, port: port, link: link, ip: link,
      note: note)
    if destination.isMulticast { return meetLinkMulticast(frame, ethertype) }
    if ethertype == WireEthertype.mpls {
      testLabels(&frame)
    } else if ethertype == WireEthertype.ipv4 || ethertype == WireEthertype.ipv6 {
      if available > link,
        WireEthertype.ofPacket(bytes + link) != ethertype
          || bytes.load8(link) >> 4 != 4 && bytes.load8(link) >> 4 != 6
      {
        return drop(mbuf, .ipVersion)
      }
      analyse(frame)
    } else {
      meetEthertype(frame, ethertype.byteSwapped)
    }
  }

  /// The label tests, in the protocol's order (section 3.2).
  @inline(__always)
  mutating func testLabels(_ frame: inout Frame) {
    let stack = LabelInspector.inspect(
      frame.data + frame.link, available: frame.available &- frame.link,
      total: frame.total &- frame.link)
    guard stack.outcome == PacketParser.accepted else {
      return drop(frame.mbuf, rawReason: stack.outcome)
    }
    frame.ip = frame.link &+ stack.stackLength
    guard stack.hasSessionLabel else {
      frame.hadExplicitNull = true
      frame.ttl = Int(stack.entry.ttl)
      return analyse(frame)
    }
    let label = stack.entry.label
    let entry = shared.labelTable.load(label: label)
    if isKnown(entry, label: label, frame) {
      if entry.state.isSwitched {
        return switchPacket(frame, stack.entry, entry)
      }
      frame.pair = SessionLabel.pairIndex(of: label)
    } else {
      guard meetsUnknown(&frame) else { return }
    }
    frame.label = label
    frame.trafficClass = stack.entry.trafficClass
    frame.hadExplicitNull = stack.hadExplicitNull
    frame.ttl = Int(stack.entry.ttl)
    analyse(frame)
  }

  /// The last three tests: entry, side, guard.
  @inline(__always)
  mutating func isKnown(_ entry: LabelEntry, label: UInt32, _ frame: Frame) -> Bool {
    guard entry.state != .none, !frame.note.isUnknownLabel else { return false }
    let side = port(frame.port).pointee.side
    let isC2S = SessionLabel.isC2S(label)
    guard isC2S ? side.facesClients : side.facesServers else { return false }
    if snapshot.settings.pointee.guardPort && side != .both { return true }
    return guardHolds(entry, frame)
  }

  /// Counts an unknown label; false when it ends the packet.
  @inline(never)
  mutating func meetsUnknown(_ frame: inout Frame) -> Bool {
    count(.labelUnknown)
    frame.isUnknownLabel = true
    frame.pair = noIndex
    if snapshot.settings.pointee.unknownDiscard {
      drop(frame.mbuf, .labelUnknown)
      return false
    }
    return true
  }
}
