import Balancing

extension AdmissionVerdict {
  /// What refuses sessions, in the order in which they are shown.
  static let refusals = allCases.filter { $0 != .admitted }

  /// As the counters and `show.services` have it.
  var name: String {
    switch self {
    case .admitted: "admitted"
    case .sessionsFull: "sessions_full"
    case .rateExceeded: "rate"
    case .clientRateExceeded: "client_rate"
    case .denied: "denied"
    case .noServer: "no_server"
    case .tableFull: "table_full"
    }
  }

  /// For people.
  var text: String {
    switch self {
    case .admitted: "for a reason that another worker knows"
    case .sessionsFull: "the service has its max-sessions"
    case .rateExceeded: "the service had its new-sessions-per-second"
    case .clientRateExceeded: "the client had its new-sessions-per-client"
    case .denied: "allow and deny keep the client out"
    case .noServer: "no server takes sessions"
    case .tableFull: "the session table is full"
    }
  }
}
