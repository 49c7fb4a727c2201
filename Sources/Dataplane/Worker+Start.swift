import Balancing
import CDPDKShim
import Labels
import Sessions
import Snapshots
import Wire

extension Worker {
  /// A client's packet to a service, of no session.
  @inline(never)
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
  @inline(never)
  private mutating func start(
    _ frame: Frame, _ packet: ParsedPacket, _ tuple: FlowTuple, _ hash: UInt64, service: UInt32
  ) {
    let record = snapshot.services + Int(service)
    guard sessions.count < sessions.capacity else {
      count(.sessionTableFull)
      return refuse(frame, packet, service)
    }
    guard
      admission.check(service: service, record: record, loads: shared.loads, now: now)
        == .admitted
    else { return refuse(frame, packet, service) }
    let stableHash = SessionHash.stableHash(tuple)
    let server = scheduler.choose(
      service: service, record: record, snapshot: snapshot, loads: shared.loads, hash: stableHash)
    guard server != noIndex else { return refuse(frame, packet, service) }
    if packet.protocolNumber == ProtocolNumber.tcp && isShareSpent(server) {
      return passWithoutState(frame, packet, stableHash, service: service)
    }
    guard snapshot.servers[Int(server)].adjacency != noIndex else {
      return drop(frame.mbuf, .noNextHop)
    }
    let client = acquireClient(mac: frame.sourceMAC, port: frame.port)
    guard client != noIndex else { return drop(frame.mbuf, .noNextHop) }
    let session = make(
      tuple, hash, service: service, server: server, client: client, clientPort: frame.port)
    guard session != noIndex else { return refuse(frame, packet, service) }
    admission.charge(service: service, record: record, loads: shared.loads)
    join(frame, packet, session, isC2S: true)
  }

  /// A new session's first packet.
  private mutating func join(
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

  /// Whether one more embryonic TCP session is too many: of the pairs, or of the session table.
  private mutating func isShareSpent(_ server: UInt32) -> Bool {
    if isPairShareSpent(server) {
      count(.labelEmbryonicFull)
      return true
    }
    return isTableShareSpent
  }

  @inline(__always)
  private func isPairShareSpent(_ server: UInt32) -> Bool {
    snapshot.servers[Int(server)].labels && labels.free > 0
      && labels.embryonic >= labels.embryonicLimit
  }

  @inline(__always)
  private var isTableShareSpent: Bool {
    embryonicSessions
      >= max(1, sessions.capacity &* Int(snapshot.settings.pointee.embryonicShare) / 100)
  }

  /// A SYN past the embryonic share leaves no state: it goes plain to the server that Maglev names
  /// (protocol section 4).
  @inline(never)
  private mutating func passWithoutState(
    _ frame: Frame, _ packet: ParsedPacket, _ stableHash: UInt64, service: UInt32
  ) {
    let record = snapshot.services + Int(service)
    let server = Scheduler.maglevServer(record: record, snapshot: snapshot, hash: stableHash)
    guard server != noIndex else { return refuse(frame, packet, service) }
    admission.charge(service: service, record: record, loads: shared.loads)
    statelessSYNs[Int(service)] = tick
    clientHops.remember(packet.source, mac: frame.sourceMAC, port: frame.port)
    let adjacencyIndex = snapshot.servers[Int(server)].adjacency
    guard adjacencyIndex != noIndex else { return drop(frame.mbuf, .noNextHop) }
    clampSegmentSize(
      frame, packet, adjacency(adjacencyIndex).pointee.mtu, port(frame.port).pointee.mtu,
      labelBytes: 4)
    emit(frame, packet, adjacency: adjacencyIndex, label: 0)
  }

  /// A TCP packet that is no SYN: its session was lost with a restart, or its SYN left no state. The
  /// Maglev table knows the server if it chose it.
  @inline(never)
  private mutating func rebuildForClient(
    _ frame: Frame, _ packet: ParsedPacket, _ tuple: FlowTuple, _ hash: UInt64, service: UInt32
  ) {
    let record = snapshot.services + Int(service)
    guard !packet.hasTCPFlag(TCPFlags.syn | TCPFlags.rst),
      record.pointee.algorithm == .maglev || hadStatelessSYN(service)
    else { return drop(frame.mbuf, .noSession) }
    let server = Scheduler.maglevServer(
      record: record, snapshot: snapshot, hash: SessionHash.stableHash(tuple))
    guard server != noIndex else { return drop(frame.mbuf, .noSession) }
    guard sessions.count < sessions.capacity else {
      count(.sessionTableFull)
      return refuse(frame, packet, service)
    }
    guard snapshot.servers[Int(server)].adjacency != noIndex else {
      return drop(frame.mbuf, .noNextHop)
    }
    let client = acquireClient(mac: frame.sourceMAC, port: frame.port)
    guard client != noIndex else { return drop(frame.mbuf, .noNextHop) }
    let session = make(
      tuple, hash, service: service, server: server, client: client, clientPort: frame.port)
    self.record(session).pointee.set(SessionFlags.rebuilt)
    join(frame, packet, session, isC2S: true)
  }

  private mutating func hadStatelessSYN(_ service: UInt32) -> Bool {
    let last = statelessSYNs[Int(service)]
    return last != 0 && tick &- last <= snapshot.settings.pointee.tcpEmbryonic
  }

  /// A packet from a service's address, of no session: from one of the service's servers it rebuilds
  /// the session with that server.
  @inline(never)
  mutating func meetServer(
    _ frame: Frame, _ packet: ParsedPacket, _ tuple: FlowTuple, _ hash: UInt64, service: UInt32
  ) {
    let server = findServer(mac: frame.sourceMAC, service)
    guard server != noIndex else { return drop(frame.mbuf, .notServer) }
    let hop = findClient(packet.destination)
    guard hop.port >= 0 else { return drop(frame.mbuf, .noNextHop) }
    let client = acquireClient(mac: hop.mac, port: hop.port)
    guard client != noIndex else { return drop(frame.mbuf, .noNextHop) }
    if leavesNoState(packet, server) {
      if packet.hasTCPFlag(TCPFlags.syn) {
        clampSegmentSize(
          frame, packet, adjacency(client).pointee.mtu, port(frame.port).pointee.mtu,
          labelBytes: 4)
      }
      emit(frame, packet, adjacency: client, label: 0)
      return releaseClient(client)
    }
    let session = make(
      tuple.reversed, hash, service: service, server: server, client: client,
      clientPort: hop.port)
    record(session).pointee.set(SessionFlags.rebuilt)
    join(frame, packet, session, isC2S: false)
  }

  /// Whether a server's packet of no session is only passed on: a RST ends what there is no record
  /// of, a SYN-ACK past the embryonic share answers a SYN that left no state, and a full table has
  /// no room.
  private mutating func leavesNoState(_ packet: ParsedPacket, _ server: UInt32) -> Bool {
    if packet.hasTCPFlag(TCPFlags.rst) || sessions.count >= sessions.capacity { return true }
    return packet.protocolNumber == ProtocolNumber.tcp && packet.hasTCPFlag(TCPFlags.syn)
      && (isPairShareSpent(server) || isTableShareSpent)
  }

  private mutating func findServer(mac: UInt64, _ service: UInt32) -> UInt32 {
    let record = snapshot.services + Int(service)
    let slots = snapshot.slots(of: record)
    var place = 0
    while place < Int(record.pointee.serverCount) {
      let server = snapshot.servers + Int(slots[place])
      if server.pointee.mac == mac && server.pointee.adjacency != noIndex { return slots[place] }
      place &+= 1
    }
    return noIndex
  }

  /// The next hop and port of a client that no session tells: where its SYN came from, or the first
  /// client-side port's gateway. A port of -1 when neither is known.
  private mutating func findClient(_ client: IPAddress) -> (mac: UInt64, port: Int) {
    if let hop = clientHops.find(client) { return hop }
    var index = 0
    while index < snapshot.portCount {
      let port = self.port(index)
      if port.pointee.side.facesClients, port.pointee.gatewayAdjacency != noIndex {
        return (0, index)
      }
      index &+= 1
    }
    return (0, -1)
  }

  /// Refuses a new session, and says so as the service wants it said.
  @inline(never)
  mutating func refuse(_ frame: Frame, _ packet: ParsedPacket, _ service: UInt32) {
    count(drop: .refused)
    count(.sessionRefused)
    shared.loads.countRefused(worker: index, service: service)
    let isAnswered: Bool
    switch snapshot.services[Int(service)].refuseWith {
    case .drop:
      isAnswered = false
    case .reset where packet.protocolNumber == ProtocolNumber.tcp:
      isAnswered = answerReset(frame, packet)
    case .reset:
      // Port unreachable.
      isAnswered = answerError(
        frame, packet, type: packet.family == 4 ? 3 : 1, code: packet.family == 4 ? 3 : 4,
        parameter: 0)
    case .icmp:
      // Communication administratively prohibited.
      isAnswered = answerError(
        frame, packet, type: packet.family == 4 ? 3 : 1, code: packet.family == 4 ? 13 : 1,
        parameter: 0)
    }
    if !isAnswered { discard(frame.mbuf) }
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
