import Balancing
import Sessions
import Snapshots
import Wire

/// How long servers take to answer. Both ends of a time are the beginnings of the loops that took the
/// packets in.
extension Worker {
  /// Takes the time to a server's first answer, once a session: from the SYN that the appliance saw to
  /// the SYN-ACK, which is the network's and the kernel's, of UDP from the first packet to the first
  /// answer. A SYN that has to be sent again counts from the first time: a server whose backlog is full
  /// is slow. A RST tells of no response.
  @inline(never)
  mutating func timeFirstAnswer(_ session: UInt32, _ packet: ParsedPacket) {
    let record = self.record(session)
    let isTCP = packet.protocolNumber == ProtocolNumber.tcp
    guard !isTCP || record.pointee.has(SessionFlags.synAckSeen) else { return }
    take(record, isTCP ? shared.networkTimes : shared.responseTimes)
    record.pointee.askedAt = 0
  }

  /// Whether a session that came to life is one of those whose requests are timed.
  /// Which ones is drawn by their hash, since every hundredth would be in step with servers that take
  /// turns, and by a count, since by the hash alone it would be the same clients ever again.
  @inline(never)
  mutating func isToSample(_ session: UInt32) -> Bool {
    let record = self.record(session)
    let percent = snapshot.services[Int(record.pointee.service)].responseSamples
    let numbersKnown = SessionFlags.synSeen | SessionFlags.synAckSeen
    guard percent != 0, !record.pointee.has(SessionFlags.rebuilt),
      record.pointee.protocolNumber != ProtocolNumber.tcp || record.pointee.has(numbersKnown)
    else { return false }
    sampleDraw &+= 0x9e37_79b9
    let drawn = UInt64(UInt32(truncatingIfNeeded: record.pointee.hash) &+ sampleDraw)
    guard (drawn &* 100) &>> 32 < UInt64(percent) else { return false }
    count(.sessionSampled)
    return true
  }

  /// What a packet of a sampled session tells; it may just have come to life or begun to close.
  @inline(never)
  mutating func timeExchange(_ session: UInt32, _ packet: ParsedPacket, isC2S: Bool) {
    let record = self.record(session)
    let event =
      packet.protocolNumber == ProtocolNumber.tcp
      ? ExchangeTracker.observeTCP(
        record, isC2S: isC2S, flags: packet.tcpFlags, sequence: packet.tcpSequence,
        acknowledgement: packet.tcpAcknowledgement,
        payloadLength: UInt32(packet.tcpPayloadLength))
      : ExchangeTracker.observeUDP(record, isC2S: isC2S)
    if event == .request { record.pointee.askedAt = now }
    if event == .response { take(record, shared.responseTimes) }
    let age = tick &- record.pointee.startedAt
    // A request that waits is waited for, or the slowest servers would be left out; meanwhile there is
    // nothing to switch.
    let isEnough =
      record.pointee.exchangePhase != .waiting
      && (record.pointee.exchangeCount >= ExchangeTracker.most || age > Self.longestSampling)
    if event == .end || isEnough { record.pointee.exchangePhase = .over }
    guard record.pointee.exchangePhase == .over else { return }
    let isQuiet =
      packet.protocolNumber != ProtocolNumber.tcp
      || ExchangeTracker.isQuiet(
        record, isC2S: isC2S, flags: packet.tcpFlags, acknowledgement: packet.tcpAcknowledgement)
    if isQuiet || age > 2 &* Self.longestSampling { endSampling(session) }
  }

  /// Ticks after a session's first packet: 10 s. As long again it may go on until it is quiet.
  private static var longestSampling: UInt32 { 597 }

  /// From now on the session's packets are switched like any other's.
  private mutating func endSampling(_ session: UInt32) {
    let record = self.record(session)
    guard record.pointee.state == .sampled else { return }
    record.pointee.state = .live
    if record.pointee.pair != noIndex { labels.startSwitching(record.pointee.pair) }
  }

  @inline(__always)
  private func take(_ record: UnsafeMutablePointer<SessionRecord>, _ times: ResponseTimes) {
    let microseconds = (now &- record.pointee.askedAt) / 1000
    times.record(
      worker: index, server: record.pointee.server,
      microseconds: UInt32(
        truncatingIfNeeded: min(microseconds, UInt64(ResponseTimes.mostMicroseconds))),
      now: tick)
  }
}
