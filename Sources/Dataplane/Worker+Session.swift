import Balancing
import CDPDKShim
import Labels
import Sessions
import Snapshots
import Wire

extension Worker {
  /// Makes a session's record; `noIndex`, with the next hop let go, where the table is full.
  ///
  /// - Parameters:
  ///   - tuple: with the client as source
  ///   - client: the adjacency towards the client, held for the session
  @inline(__always)
  mutating func make(
    _ tuple: FlowTuple, _ hash: UInt64, service: UInt32, server: UInt32, client: UInt32
  ) -> UInt32 {
    let session = sessions.insert(tuple, hash)
    guard session != noIndex else {
      releaseClient(client)
      return noIndex
    }
    // For the next one.
    if let next = sessions.nextRecord { prefetchRecord(next) }
    let record = self.record(session)
    let serverRecord = snapshot.servers + Int(server)
    record.pointee.service = service
    record.pointee.server = server
    record.pointee.adjacencyToServer = serverRecord.pointee.adjacency
    record.pointee.adjacencyToClient = client
    record.pointee.startedAt = tick
    record.pointee.lastSeen = tick
    if serverRecord.pointee.labels { record.pointee.set(SessionFlags.serverLabelled) }
    if snapshot.services[Int(service)].clients == .labelled {
      record.pointee.set(SessionFlags.clientLabelled)
    }
    shim_store_release32(&record.pointee.version, nextVersion)
    nextVersion = nextVersion == .max ? 1 : nextVersion &+ 1
    embryonicSessions &+= 1
    shared.loads.addSession(worker: index, server: server, service: service)
    if scheduler.countsSessions(service: service) {
      scheduler.noteSessions(server: server, service: service, loads: shared.loads)
    }
    timers.schedule(session, tick &+ timeout(record) &+ 1)
    count(.sessionNew)
    return session
  }

  /// Ends a session: its pair rests, its record and next hop are free again.
  @inline(never)
  mutating func end(_ session: UInt32) {
    let record = self.record(session)
    shim_store_release32(&record.pointee.version, 0)
    shim_fence_release()
    timers.cancel(session)
    if record.pointee.state == .embryonic { embryonicSessions &-= 1 }
    if record.pointee.pair != noIndex { labels.withdraw(record.pointee.pair, now: tick) }
    releaseClient(record.pointee.adjacencyToClient)
    setLoad(record, isLoad: false)
    shared.loads.endSession(worker: index, server: record.pointee.server)
    sessions.remove(session)
    count(.sessionEnded)
  }

  /// The adjacency towards a client: the port's gateway, unless the client is within the port's own
  /// networks, or the sender of its frame. Held until `releaseClient`; `noIndex` when no place is left.
  ///
  /// - Parameter mac: 0 if no frame of the client's shows it
  @inline(__always)
  mutating func acquireClient(_ client: IPAddress, mac: UInt64, port index: Int) -> UInt32 {
    let port = self.port(index)
    if port.pointee.gatewayAdjacency != noIndex,
      mac == 0 || !snapshot.isOnLink(high: client.high, low: client.low, port: port)
    {
      return port.pointee.gatewayAdjacency
    }
    guard mac != 0, !MACAddress(word: mac).isMulticast else { return noIndex }
    let place = nextHops.acquire(
      mac: mac, port: UInt8(truncatingIfNeeded: index), egress: port.pointee, now: tick)
    guard place != noIndex else { return noIndex }
    return UInt32(truncatingIfNeeded: self.index &+ 1) << 16 | place
  }

  mutating func releaseClient(_ adjacency: UInt32) {
    guard adjacency >> 16 != 0 else { return }
    nextHops.release(adjacency & 0xffff, now: tick)
  }

  /// What a packet that belongs to the session means for it.
  @inline(__always)
  mutating func observe(_ session: UInt32, _ packet: ParsedPacket, isC2S: Bool) {
    let record = self.record(session)
    let wasEmbryonic = record.pointee.state == .embryonic
    let event =
      packet.protocolNumber == ProtocolNumber.tcp
      ? SessionTracker.observeTCP(
        record, isC2S: isC2S, flags: packet.tcpFlags, sequence: packet.tcpSequence,
        acknowledgement: packet.tcpAcknowledgement,
        payloadLength: UInt32(packet.tcpPayloadLength), now: tick)
      : SessionTracker.observeUDP(record, isC2S: isC2S)
    if wasEmbryonic && !isC2S && record.pointee.askedAt != 0 { timeFirstAnswer(session, packet) }
    guard event != .none else { return }
    if wasEmbryonic && record.pointee.state != .embryonic { embryonicSessions &-= 1 }
    apply(event, to: session)
  }

  @inline(never)
  mutating func apply(_ event: SessionEvent, to session: UInt32) {
    let record = self.record(session)
    let pair = record.pointee.pair
    switch event {
    case .none:
      break
    case .promote:
      if isToSample(session) { record.pointee.state = .sampled }
      if pair != noIndex {
        labels.promote(pair, isAnalysed: record.pointee.state == .sampled)
      } else if record.pointee.flags
        & (SessionFlags.serverLabelled | SessionFlags.synAckSeen | SessionFlags.seenS2C) != 0
      {
        // For a client alone no pair is taken before a server packet was seen.
        offerPair(session)
      }
      shorten(session)
    case .close:
      if pair != noIndex { labels.close(pair) }
      shorten(session)
    case .reset:
      if record.pointee.state == .closing, pair != noIndex { labels.close(pair) }
      shorten(session)
    case .reopen:
      if pair != noIndex { labels.reopen(pair) }
    }
    updateLoad(record)
  }
}
