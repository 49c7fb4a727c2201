import Labels
import Sessions
import Snapshots
import Wire

/// Sessions whose server died, in a service with `on-down: reset`.
extension Worker {
  /// From now on every packet of the session is analysed, labelled or not, and met by
  /// `meetInterrupted`. The session waits for its client as long as it would have anyway.
  mutating func interrupt(_ session: UInt32) {
    let record = self.record(session)
    guard !record.pointee.has(SessionFlags.interrupted) else { return }
    record.pointee.set(SessionFlags.interrupted)
    record.pointee.clear(SessionFlags.resetSeen)
    if record.pointee.state == .embryonic { return }
    // A live one would be forwarded without being looked at.
    record.pointee.state = .closing
    updateLoad(record)
    if record.pointee.pair != noIndex { labels.suspend(record.pointee.pair) }
  }

  /// A packet of an interrupted session: the client is told, and the session ends. What is not
  /// answered, because answers are limited or the packet asks for none, leaves it for the next.
  ///
  /// - Returns: false for a SYN that starts another session in its place
  @inline(never)
  mutating func meetInterrupted(
    _ frame: Frame, _ packet: ParsedPacket, _ session: UInt32, isC2S: Bool
  ) -> Bool {
    let isTCP = packet.protocolNumber == ProtocolNumber.tcp
    if isC2S && isTCP && packet.isInitialSYN { return false }
    count(drop: .serverDown)
    let isOfSession = !packet.has(ParsedPacket.icmpError | ParsedPacket.laterFragment)
    var isAnswered = false
    if isC2S && isOfSession {
      isAnswered = isTCP ? answerReset(frame, packet) : answerPortUnreachable(frame, packet)
    }
    if isAnswered || isOfSession && packet.hasTCPFlag(TCPFlags.rst) { end(session) }
    if !isAnswered { discard(frame.mbuf) }
    return true
  }
}
