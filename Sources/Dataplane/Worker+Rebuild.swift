import Balancing
import CDPDKShim
import Labels
import Sessions
import Snapshots
import Wire

extension Worker {
  /// A TCP packet that is no SYN: its session was lost with a restart, or its SYN left no state. The
  /// Maglev table knows the server if it chose it.
  @inline(never)
  mutating func rebuildForClient(
    _ frame: Frame, _ packet: ParsedPacket, _ tuple: FlowTuple, _ hash: UInt64, service: UInt32
  ) {
    let record = snapshot.services + Int(service)
    guard !packet.hasTCPFlag(TCPFlags.syn),
      record.pointee.algorithm == .maglev || hadStatelessSYN(service)
    else {
      // What its server sends may rebuild the session, if it finds the client.
      clientHops.remember(packet.source, mac: frame.sourceMAC, port: frame.port)
      return drop(frame.mbuf, .noSession)
    }
    let server = Scheduler.maglevServer(
      record: record, snapshot: snapshot, hash: SessionHash.stableHash(tuple))
    guard server != noIndex else { return drop(frame.mbuf, .noSession) }
    let adjacency = snapshot.servers[Int(server)].adjacency
    let isReset = packet.hasTCPFlag(TCPFlags.rst)
    guard admits(packet.source, record) else {
      return refuse(frame, packet, service, .denied)
    }
    let verdict = readmit(server: server, service: service)
    guard isReset || verdict == .admitted else { return refuse(frame, packet, service, verdict) }
    // A RST leaves nothing to remember, and a flood of made-up segments is not to fill the table: the
    // server is the same without a record.
    if isReset || isTableShareSpent {
      clientHops.remember(packet.source, mac: frame.sourceMAC, port: frame.port)
      return passPlain(frame, packet, to: adjacency)
    }
    guard adjacency != noIndex else { return drop(frame.mbuf, .noNextHop) }
    let client = acquireClient(packet.source, mac: frame.sourceMAC, port: frame.port)
    guard client != noIndex else { return drop(frame.mbuf, .noNextHop) }
    let session = make(
      tuple, hash, service: service, server: server, client: client)
    self.record(session).pointee.set(SessionFlags.rebuilt)
    // What its SYN met was counted then.
    if hadStatelessSYN(service) {
      self.record(session).pointee.set(SessionFlags.embryonicFullCounted)
    }
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
    let probed = probedServer(frame, packet)
    if probed != noIndex { return meetProbeAnswer(frame, packet, server: probed) }
    let server = findServer(mac: frame.sourceMAC, service)
    guard server != noIndex else { return drop(frame.mbuf, .notServer) }
    // Its sessions were withdrawn.
    guard snapshot.servers[Int(server)].state != .maint else {
      return drop(frame.mbuf, .noSession)
    }
    guard !snapshot.resetsSessions(ofServer: server) else { return drop(frame.mbuf, .serverDown) }
    let hop = findClient(packet.destination)
    guard hop.port >= 0 else { return drop(frame.mbuf, .noNextHop) }
    let client = acquireClient(packet.destination, mac: hop.mac, port: hop.port)
    guard client != noIndex else { return drop(frame.mbuf, .noNextHop) }
    if leavesNoState(packet, server, service) {
      passPlain(frame, packet, to: client)
      return releaseClient(client)
    }
    let session = make(
      tuple.reversed, hash, service: service, server: server, client: client)
    record(session).pointee.set(SessionFlags.rebuilt)
    join(frame, packet, session, isC2S: false)
  }

  /// Whether a server's packet of no session is only passed on: a RST ends what there is no record
  /// of, a SYN-ACK past the embryonic share answers a SYN that left no state, and one session more
  /// would be too many, in the table or by a limit; the client is told so when it answers.
  private mutating func leavesNoState(
    _ packet: ParsedPacket, _ server: UInt32, _ service: UInt32
  ) -> Bool {
    if packet.hasTCPFlag(TCPFlags.rst) { return true }
    if readmit(server: server, service: service) != .admitted { return true }
    return packet.protocolNumber == ProtocolNumber.tcp && packet.hasTCPFlag(TCPFlags.syn)
      && isShareSpent(server)
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
}
