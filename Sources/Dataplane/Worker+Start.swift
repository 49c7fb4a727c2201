import Balancing
import CDPDKShim
import Labels
import Sessions
import Snapshots
import Wire

extension Worker {
  /// A client's packet to a service, of no session.
  @inline(__always)
  mutating func meetClient(
    _ frame: Frame, _ packet: ParsedPacket, _ tuple: FlowTuple, _ hash: UInt64, service: UInt32
  ) {
    if packet.protocolNumber == ProtocolNumber.tcp && !packet.isInitialSYN {
      rebuildForClient(frame, packet, tuple, hash, service: service)
    } else {
      start(frame, packet, tuple, hash, service: service)
    }
  }

  /// A SYN or UDP packet of no session: admission, server, session, pair.
  @inline(__always)
  private mutating func start(
    _ frame: Frame, _ packet: ParsedPacket, _ tuple: FlowTuple, _ hash: UInt64, service: UInt32
  ) {
    let record = snapshot.services + Int(service)
    guard sessions.count < sessions.capacity else {
      return refuse(frame, packet, service, .tableFull)
    }
    let verdict = admit(packet.source, service: service, record)
    guard verdict == .admitted else { return refuse(frame, packet, service, verdict) }
    let isTCP = packet.protocolNumber == ProtocolNumber.tcp
    // In a flood the choice is not even made where it would not matter.
    if isTCP && record.pointee.isUniform && (isTableShareSpent || isPairShareSpent) {
      count(.labelEmbryonicFull)
      return passWithoutState(frame, packet, tuple, service: service)
    }
    let server = scheduler.choose(
      service: service, record: record, snapshot: snapshot, loads: shared.loads,
      hash: record.pointee.algorithm == .maglev ? SessionHash.stableHash(tuple) : 0)
    guard server != noIndex else { return doWithoutServer(frame, packet, service: service) }
    if isTCP && isShareSpent(server) {
      count(.labelEmbryonicFull)
      return passWithoutState(frame, packet, tuple, service: service)
    }
    guard snapshot.servers[Int(server)].adjacency != noIndex else {
      return drop(frame.mbuf, .noNextHop)
    }
    let client = acquireClient(packet.source, mac: frame.sourceMAC, port: frame.port)
    guard client != noIndex else { return drop(frame.mbuf, .noNextHop) }
    let session = make(
      tuple, hash, service: service, server: server, client: client)
    guard session != noIndex else { return refuse(frame, packet, service, .tableFull) }
    self.record(session).pointee.askedAt = now
    charge(packet.source, service: service, record)
    join(frame, packet, session, isC2S: true)
  }

  /// No server can take a new session. Where one may in a moment, for the way to it is being sought,
  /// as it is at a start, the client had better ask again than be told no.
  @inline(never)
  private mutating func doWithoutServer(_ frame: Frame, _ packet: ParsedPacket, service: UInt32) {
    if snapshot.services[Int(service)].seeksServer { return drop(frame.mbuf, .noNextHop) }
    refuse(frame, packet, service, .noServer)
  }

  /// A new session's first packet.
  @inline(__always)
  mutating func join(
    _ frame: Frame, _ packet: ParsedPacket, _ session: UInt32, isC2S: Bool
  ) {
    let record = self.record(session)
    let clients = snapshot.services[Int(record.pointee.service)].clients
    if isC2S && clients == .auto && frame.saysClientIsLabelled {
      record.pointee.set(SessionFlags.clientLabelled)
    }
    observe(session, packet, isC2S: isC2S)
    if record.pointee.has(SessionFlags.serverLabelled) || !isC2S { offerPair(session) }
    emitInSession(frame, packet, session, isC2S: isC2S)
  }

  /// Whether one more embryonic session is too many: of the pairs, if its server is a label endpoint,
  /// or of the session table.
  @inline(__always)
  func isShareSpent(_ server: UInt32) -> Bool {
    isTableShareSpent || snapshot.servers[Int(server)].labels && isPairShareSpent
  }

  @inline(__always)
  var isPairShareSpent: Bool { labels.free > 0 && labels.embryonic >= labels.embryonicLimit }

  @inline(__always)
  var isTableShareSpent: Bool {
    embryonicSessions >= embryonicSessionLimit
  }

  /// A SYN past the embryonic share leaves no state: it goes plain to the server that Maglev names
  /// (protocol section 4).
  @inline(never)
  private mutating func passWithoutState(
    _ frame: Frame, _ packet: ParsedPacket, _ tuple: FlowTuple, service: UInt32
  ) {
    let record = snapshot.services + Int(service)
    let server = Scheduler.maglevServer(
      record: record, snapshot: snapshot, hash: SessionHash.stableHash(tuple))
    guard server != noIndex, !shared.loads.isFull(server: server, snapshot.servers + Int(server))
    else { return refuse(frame, packet, service, .noServer) }
    let adjacency = snapshot.servers[Int(server)].adjacency
    guard adjacency != noIndex else { return drop(frame.mbuf, .noNextHop) }
    charge(packet.source, service: service, record)
    statelessSYNs[Int(service)] = tick
    clientHops.remember(packet.source, mac: frame.sourceMAC, port: frame.port)
    passPlain(frame, packet, to: adjacency)
  }

  /// Sends a packet of no session on as it is, a SYN's segment size lowered as if labels came.
  @inline(__always)
  mutating func passPlain(_ frame: Frame, _ packet: ParsedPacket, to adjacency: UInt32) {
    guard adjacency != noIndex else { return drop(frame.mbuf, .noNextHop) }
    if packet.hasTCPFlag(TCPFlags.syn), packet.tcpHeaderLength > 20 {
      clampSegmentSize(
        frame, packet, self.adjacency(adjacency).pointee.mtu, port(frame.port).pointee.mtu,
        labelBytes: 4)
    }
    emit(frame, packet, adjacency: adjacency, label: 0)
  }
}

extension SessionHash {
  @inline(__always)
  static func stableHash(_ tuple: FlowTuple) -> UInt64 {
    stableHash(
      client: tuple.source, clientPort: tuple.sourcePort, virtual: tuple.destination,
      virtualPort: tuple.destinationPort, protocolNumber: UInt8(truncatingIfNeeded: tuple.kind))
  }
}
