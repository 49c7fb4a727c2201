import CDPDKShim
import Labels
import Sessions
import Snapshots
import Wire

extension Worker {
  /// A packet of a known session: its meaning for the session, then on to its server or client.
  @inline(never)
  mutating func forward(
    _ frame: Frame, _ packet: ParsedPacket, session: UInt32, isC2S: Bool
  ) {
    let record = self.record(session)
    let side = port(frame.port).pointee.side
    guard isC2S ? side.facesClients : side.facesServers else {
      return drop(frame.mbuf, .wrongSide)
    }
    let isOfSession = !packet.has(ParsedPacket.icmpError | ParsedPacket.laterFragment)
    if _slowPath(record.pointee.has(SessionFlags.interrupted)) {
      if meetInterrupted(frame, packet, session, isC2S: isC2S) { return }
      return startAgain(frame, packet, session)
    }
    if isOfSession {
      if isC2S && record.pointee.state != .live && packet.isInitialSYN
        && packet.protocolNumber == ProtocolNumber.tcp && startsAgain(session)
      {
        return startAgain(frame, packet, session)
      }
      let wasSampled = record.pointee.state == .sampled
      observe(session, packet, isC2S: isC2S)
      if _slowPath(wasSampled || record.pointee.state == .sampled) {
        timeExchange(session, packet, isC2S: isC2S)
      }
    }
    // Anyone can send an ICMP error: it keeps no session alive.
    if !packet.has(ParsedPacket.icmpError) { record.pointee.lastSeen = tick }
    if isC2S { learnClientLabelling(session, frame) }
    if record.pointee.pair == noIndex && !isC2S { offerPair(session) }
    emitInSession(frame, packet, session, isC2S: isC2S)
  }

  /// Whether a SYN on a session that is not live begins another: it is closing, or the client still
  /// tries to reach a server that died.
  @inline(never)
  private mutating func startsAgain(_ session: UInt32) -> Bool {
    let record = self.record(session)
    switch record.pointee.state {
    case .closing: return true
    case .embryonic: return snapshot.servers[Int(record.pointee.server)].health == .down
    case .live, .sampled: return false
    }
  }

  /// A SYN on a closing or interrupted session, or on an embryonic one whose server died, ends that
  /// and starts another.
  @inline(never)
  private mutating func startAgain(_ frame: Frame, _ packet: ParsedPacket, _ session: UInt32) {
    let hash = record(session).pointee.hash
    end(session)
    let service = snapshot.service(
      high: packet.destination.high, low: packet.destination.low,
      protocolNumber: packet.protocolNumber, port: packet.destinationPort)
    guard service != noIndex else { return drop(frame.mbuf, .notService) }
    meetClient(frame, packet, FlowTuple(packet), hash, service: service)
  }

  /// In a service with `clients: auto` a client that sends explicit null or a C2S label is a label
  /// endpoint from then on.
  @inline(__always)
  private mutating func learnClientLabelling(_ session: UInt32, _ frame: Frame) {
    let record = self.record(session)
    guard !record.pointee.has(SessionFlags.clientLabelled), frame.saysClientIsLabelled,
      snapshot.services[Int(record.pointee.service)].clients == .auto
    else { return }
    record.pointee.set(SessionFlags.clientLabelled)
    if record.pointee.pair != noIndex { publish(session) }
  }

  /// Sends a packet of a session on, with the pair's label of its direction towards a host that is
  /// a label endpoint.
  @inline(__always)
  mutating func emitInSession(
    _ frame: Frame, _ packet: ParsedPacket, _ session: UInt32, isC2S: Bool
  ) {
    let record = self.record(session)
    let isLabelled =
      record.pointee.pair != noIndex
      && record.pointee.has(isC2S ? SessionFlags.serverLabelled : SessionFlags.clientLabelled)
    let label =
      !isLabelled
      ? 0
      : isC2S
        ? SessionLabel.c2s(record.pointee.pair) : SessionLabel.s2c(record.pointee.pair)
    // Without options there is nothing to lower.
    if packet.hasTCPFlag(TCPFlags.syn), packet.tcpHeaderLength > 20 {
      let carriesLabels =
        record.pointee.flags
        & (SessionFlags.serverLabelled | SessionFlags.clientLabelled) != 0
      clampSegmentSize(
        frame, packet, adjacency(record.pointee.adjacencyToServer).pointee.mtu,
        adjacency(record.pointee.adjacencyToClient).pointee.mtu,
        labelBytes: carriesLabels ? 4 : 0)
    }
    emit(
      frame, packet,
      adjacency: isC2S ? record.pointee.adjacencyToServer : record.pointee.adjacencyToClient,
      label: label)
  }

  /// Lowers the maximum segment size of a SYN to what fits both links, a label included: what one
  /// side says bounds what the other sends (protocol section 3.9).
  @inline(never)
  mutating func clampSegmentSize(
    _ frame: Frame, _ packet: ParsedPacket, _ first: UInt16, _ second: UInt16, labelBytes: UInt16
  ) {
    MaximumSegmentSize.clamp(
      frame.data + frame.ip + Int(packet.transportOffset),
      headerLength: Int(packet.tcpHeaderLength),
      limit: min(first, second) &- labelBytes &- (packet.family == 4 ? 40 : 60))
  }

  /// Sends an analysed packet to a next hop: IP TTL - 1, the label pushed with the same TTL where
  /// there is one and it fits.
  ///
  /// - Parameter label: 0 for none
  @inline(__always)
  mutating func emit(_ frame: Frame, _ packet: ParsedPacket, adjacency index: UInt32, label: UInt32)
  {
    let adjacency = self.adjacency(index)
    guard adjacency.pointee.length != 0 else { return drop(frame.mbuf, .noNextHop) }
    let ttl = UInt8(truncatingIfNeeded: (frame.ttl >= 0 ? frame.ttl : Int(packet.ttl)) &- 1)
    let mtu = Int(adjacency.pointee.mtu)
    let length = Int(packet.ipLength)
    if length > mtu {
      let isFragmented = meetOversize(
        frame, packet, adjacency, ttl: ttl, isLabelled: label != 0)
      if isFragmented { count(.analysedForwarded) }
      return
    }
    let ip = frame.data + frame.ip
    if frame.total &- frame.ip > mtu, frame.available == frame.total {
      // Only what stands behind the packet does not fit.
      shim_mbuf_set_length(frame.mbuf, UInt16(truncatingIfNeeded: frame.ip &+ length))
    }
    TimeToLive.set(ip, ttl)
    if label != 0 && length &+ 4 <= mtu {
      ip.store32(
        LabelStackEntry(label: label, trafficClass: frame.trafficClass, ttl: ttl).rawValue, -4)
      // The label stands where the ethertype stood, and the link header before it.
      guard
        writeLink(
          frame.mbuf, frame.data, adjacency, ethertype: WireEthertype.mpls, before: frame.ip &- 4)
      else { return }
    } else {
      guard
        writeLink(
          frame.mbuf, frame.data, adjacency, ethertype: WireEthertype.ofPacket(ip),
          before: frame.ip)
      else { return }
    }
    count(.analysedForwarded)
    send(frame.mbuf, port: Int(adjacency.pointee.port))
  }
}

extension Frame {
  /// Whether the frame says that its sender, a client, is a label endpoint.
  @inline(__always)
  var saysClientIsLabelled: Bool {
    hadExplicitNull || label != 0 && SessionLabel.isC2S(label)
  }
}
