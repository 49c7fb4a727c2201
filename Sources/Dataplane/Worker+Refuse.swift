import Balancing
import CDPDKShim
import Snapshots
import Wire

extension Worker {
  /// Refuses a new session, and says so as the service wants it said.
  @inline(never)
  mutating func refuse(
    _ frame: Frame, _ packet: ParsedPacket, _ service: UInt32, _ verdict: AdmissionVerdict
  ) {
    count(drop: .refused)
    count(.sessionRefused)
    if let counter = Counter.of(verdict) { count(counter) }
    shared.loads.countRefused(worker: index, service: service, verdict)
    let isAnswered: Bool
    switch snapshot.services[Int(service)].refuseWith {
    case .drop:
      isAnswered = false
    case .reset where packet.protocolNumber == ProtocolNumber.tcp:
      isAnswered = answerReset(frame, packet)
    case .reset:
      isAnswered = answerPortUnreachable(frame, packet)
    case .icmp:
      // Communication administratively prohibited.
      isAnswered = answerError(
        frame, packet, type: packet.family == 4 ? 3 : 1, code: packet.family == 4 ? 13 : 1,
        parameter: 0)
    }
    if !isAnswered { discard(frame.mbuf) }
  }
}
