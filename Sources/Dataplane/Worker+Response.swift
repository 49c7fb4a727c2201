import Balancing
import Sessions
import Wire

extension Worker {
  /// Takes a server's response time, once a session: from the SYN that the appliance saw to the
  /// SYN-ACK, of UDP from the first packet to the first answer. A SYN that has to be sent again counts
  /// from the first time: a server whose backlog is full is slow. A RST tells of no response.
  ///
  /// Both ends are the beginnings of the loops that took the packets in.
  @inline(never)
  mutating func sampleResponse(_ session: UInt32, _ packet: ParsedPacket) {
    let record = self.record(session)
    guard
      packet.protocolNumber != ProtocolNumber.tcp || record.pointee.has(SessionFlags.synAckSeen)
    else { return }
    let microseconds = (now &- record.pointee.askedAt) / 1000
    record.pointee.askedAt = 0
    shared.responseTimes.record(
      worker: index, server: record.pointee.server,
      microseconds: UInt32(
        truncatingIfNeeded: min(microseconds, UInt64(ResponseTimes.mostMicroseconds))),
      now: tick)
  }
}
