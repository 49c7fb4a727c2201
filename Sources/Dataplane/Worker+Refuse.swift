import Balancing
import CDPDKShim
import Snapshots
import Wire

extension Worker {
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
