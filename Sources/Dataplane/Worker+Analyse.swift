import CDPDKShim
import Labels
import Sessions
import Snapshots
import Wire

extension Worker {
  /// Analyses a packet as far as the rules need, and finds its session by its key (protocol
  /// section 3.7).
  @inline(never)
  mutating func analyse(_ frame: Frame) {
    var packet = ParsedPacket()
    let outcome = PacketParser.parse(
      frame.data + frame.ip, available: frame.available &- frame.ip,
      total: frame.total &- frame.ip, into: &packet)
    guard outcome == PacketParser.accepted else {
      return endUnread(frame, rawReason: outcome)
    }
    guard (frame.ttl >= 0 ? frame.ttl : Int(packet.ttl)) > 1 else {
      return endOfLife(frame, packet)
    }
    if frame.pair != noIndex {
      return analyseEmbryonic(frame, &packet)
    }
    analyseByKey(frame, &packet, hint: 0)
  }

  /// The same of a frame that the look ahead found to be for the port, and to hold a plain packet
  /// without a label.
  @inline(__always)
  mutating func analysePlain(_ mbuf: OpaquePointer, port: Int, link: Int, hash: UInt64) {
    let length = Int(shim_mbuf_data_length(mbuf))
    let frame = Frame(
      mbuf: mbuf, data: shim_mbuf_data(mbuf).unsafelyUnwrapped, available: length, total: length,
      port: port, link: link, ip: link, note: HandoverNote(.none))
    var packet = ParsedPacket()
    let outcome = PacketParser.parsePlain(
      frame.data + link, available: length &- link, into: &packet)
    guard outcome == PacketParser.accepted else {
      return drop(mbuf, rawReason: outcome)
    }
    guard packet.ttl > 1 else { return endOfLife(frame, packet) }
    analyseByKey(frame, &packet, hint: hash)
  }

  /// A packet whose label names an embryonic pair: the pair's owner has its session.
  @inline(never)
  private mutating func analyseEmbryonic(_ frame: Frame, _ packet: inout ParsedPacket) {
    let pair = frame.pair
    if shared.workers > 1 {
      let owner = Int(
        shared.labelTable.owner(of: pair, workers: UInt32(truncatingIfNeeded: shared.workers)))
      if owner != index { return handOver(frame, to: owner, HandoverNote(.none)) }
    }
    let session = labels.session(of: pair)
    let isC2S = SessionLabel.isC2S(frame.label)
    if session != noIndex {
      let record = self.record(session)
      if packet.has(ParsedPacket.laterFragment) {
        let ports = record.pointee.ports
        packet.ports = isC2S ? ports : ports >> 16 | ports << 16
        packet.protocolNumber = record.pointee.protocolNumber
      }
      let tuple = FlowTuple(packet)
      if record.pointee.tuple == (isC2S ? tuple : tuple.reversed) {
        return forward(frame, packet, session: session, isC2S: isC2S)
      }
    } else if meetLabelledProbeAnswer(frame, packet) {
      return
    }
    // The guard let another session's packet through: its digest is short, or switched off.
    var frame = frame
    guard meetsUnknown(&frame) else { return }
    analyseByKey(frame, &packet, hint: 0)
  }

  /// - Parameter hint: the session hash that the look ahead worked out, or 0
  @inline(__always)
  private mutating func analyseByKey(
    _ frame: Frame, _ packet: inout ParsedPacket, hint: UInt64
  ) {
    if packet.has(ParsedPacket.firstFragment | ParsedPacket.laterFragment) {
      guard follow(frame, &packet) else { return }
    } else if shared.workers > 1 {
      let owner = self.owner(packet)
      if owner != index {
        return handOver(frame, to: owner, HandoverNote(.none))
      }
    }
    guard packet.protocolNumber == ProtocolNumber.tcp || packet.protocolNumber == ProtocolNumber.udp
    else {
      let isVirtual = snapshot.isVirtual(
        high: packet.destination.high, low: packet.destination.low)
      return endOutsideSessions(frame, packet, or: isVirtual ? .icmp : .notService)
    }
    let tuple = FlowTuple(packet)
    let hash = hint != 0 ? hint : sessions.hash.hash(tuple)
    let found = sessions.find(tuple, hash)
    if found.isFound {
      forward(frame, packet, session: found.index, isC2S: found.isC2S)
    } else if packet.has(ParsedPacket.laterFragment) {
      endOutsideSessions(frame, packet, or: .fragmentUnknown)
    } else if packet.has(ParsedPacket.icmpError) {
      endOutsideSessions(frame, packet, or: .icmp)
    } else {
      meetNew(frame, packet, tuple, hash)
    }
  }

  /// A packet of no session: from a client to a service, from one of a service's servers, or
  /// neither.
  @inline(never)
  private mutating func meetNew(
    _ frame: Frame, _ packet: ParsedPacket, _ tuple: FlowTuple, _ hash: UInt64
  ) {
    let side = port(frame.port).pointee.side
    let toService = snapshot.service(
      high: packet.destination.high, low: packet.destination.low,
      protocolNumber: packet.protocolNumber, port: packet.destinationPort)
    if toService != noIndex {
      guard side.facesClients else { return drop(frame.mbuf, .wrongSide) }
      return meetClient(frame, packet, tuple, hash, service: toService)
    }
    let fromService = snapshot.service(
      high: packet.source.high, low: packet.source.low,
      protocolNumber: packet.protocolNumber, port: packet.sourcePort)
    guard fromService != noIndex else {
      return endOutsideSessions(frame, packet, or: .notService)
    }
    guard side.facesServers else { return drop(frame.mbuf, .wrongSide) }
    meetServer(frame, packet, tuple, hash, service: fromService)
  }
}

extension FlowTuple {
  @inline(__always)
  init(_ packet: ParsedPacket) {
    self.init(
      source: packet.source, destination: packet.destination, ports: packet.ports,
      kind: UInt32(packet.protocolNumber) | UInt32(packet.family) << 8)
  }
}
