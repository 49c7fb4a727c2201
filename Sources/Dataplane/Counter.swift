import Balancing
import Wire

/// What a worker counts. Raw values are places in its counter block; drop reasons follow them.
public enum Counter: Int, CaseIterable, Sendable {
  case rxPackets
  case labelSwitched
  case analysedForwarded
  case kernelPackets
  case labelPopped
  case labelUnknown
  case labelExhausted
  case labelEmbryonicFull
  case handoverPackets
  case sessionNew
  case sessionRefused
  case sessionEnded
  case sessionTableFull
  case answerPackets
  case txPackets
  case txFull
  // Why sessions were refused: in the order of `AdmissionVerdict`, table_full aside.
  case refusedSessionsFull
  case refusedRate
  case refusedClientRate
  case refusedDenied
  case refusedNoServer
  /// Nanoseconds spent in loops that had packets to handle.
  case workerBusyNanoseconds
  /// Packets of kernel twins, and of health checks along the path, sent on.
  case kernelSent
  /// Packets whose partial checksum was completed.
  case checksumCompleted
  /// Sessions whose requests were timed.
  case sessionSampled
  /// Packets of health checks along the path that had no way.
  case healthUnsent

  public var name: String {
    switch self {
    case .rxPackets: "rx.packets"
    case .labelSwitched: "label.switched"
    case .analysedForwarded: "analysed.forwarded"
    case .kernelPackets: "kernel.packets"
    case .labelPopped: "label.popped"
    case .labelUnknown: "label.unknown"
    case .labelExhausted: "label.exhausted"
    case .labelEmbryonicFull: "label.embryonic_full"
    case .handoverPackets: "handover.packets"
    case .sessionNew: "session.new"
    case .sessionRefused: "session.refused"
    case .sessionEnded: "session.ended"
    case .sessionTableFull: "session.table_full"
    case .answerPackets: "answer.packets"
    case .txPackets: "tx.packets"
    case .txFull: "tx.full"
    case .refusedSessionsFull: "refused.sessions_full"
    case .refusedRate: "refused.rate"
    case .refusedClientRate: "refused.client_rate"
    case .refusedDenied: "refused.denied"
    case .refusedNoServer: "refused.no_server"
    case .workerBusyNanoseconds: "worker.busy_ns"
    case .kernelSent: "kernel.sent"
    case .checksumCompleted: "checksum.completed"
    case .sessionSampled: "session.sampled"
    case .healthUnsent: "health.unsent"
    }
  }

  /// What counts a refusal.
  static func of(_ verdict: AdmissionVerdict) -> Counter? {
    switch verdict {
    case .admitted: nil
    case .sessionsFull: .refusedSessionsFull
    case .rateExceeded: .refusedRate
    case .clientRateExceeded: .refusedClientRate
    case .denied: .refusedDenied
    case .noServer: .refusedNoServer
    case .tableFull: .sessionTableFull
    }
  }

  /// Where the drop reasons begin: reason r is counted at `dropBase + r.rawValue`.
  public static let dropBase = 32
  /// 64-bit words of a worker's counter block.
  public static let blockSize = 96

  /// The outcomes beside drops: with these and the drops, every received packet is counted once.
  public static let outcomes: [Counter] = [.labelSwitched, .analysedForwarded, .kernelPackets]

  /// Every counter's name and place, in the order in which they are shown.
  public static let places: [(name: String, place: Int)] =
    allCases.map { ($0.name, $0.rawValue) }
    + DropReason.allCases.map { ("drop." + $0.name, dropBase + Int($0.rawValue)) }
}
