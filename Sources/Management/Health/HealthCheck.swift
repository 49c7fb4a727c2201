import Wire

/// One distinct check: what is asked of which address, and when. Servers of several services that
/// are to be asked the same share it.
struct HealthCheck: Hashable, Sendable {
  let address: IPAddress
  let question: Question
  let interval: Duration
  let timeout: Duration
  /// Percent of the interval by which the time between two checks varies either way.
  let jitter: Int
  /// What a check along the path comes from; nil asks the server's own address.
  var source: Source?

  /// Where a check to the virtual address comes from, and which server it is for.
  struct Source: Hashable, Sendable {
    /// Of the port that reaches the server.
    let address: IPAddress
    /// The server's slot, which the source port tells.
    let server: UInt32
    /// Whether it is a label endpoint.
    let isLabelled: Bool
  }

  enum Question: Hashable, Sendable {
    /// Does it accept a connection?
    case tcp(port: UInt16)
    case http(HTTPQuestion)
    /// Does it answer an echo request (RFC 792, RFC 4443 4.1)?
    case icmp
  }

  /// The TCP port that is asked; 0 of a check by ICMP.
  var port: UInt16 {
    switch question {
    case .tcp(let port): port
    case .http(let question): question.port
    case .icmp: 0
    }
  }
}

/// What an HTTP check asks for, and which answer is a good one.
struct HTTPQuestion: Hashable, Sendable {
  let port: UInt16
  let path: String
  /// The Host header.
  let host: String
  let status: ClosedRange<Int>
  /// What the body's first `bodyLimit` bytes must hold; nil asks for nothing.
  let body: String?

  static let bodyLimit = 65_536
}

extension HealthCheck {
  /// nil if the service checks none of its servers, or those at the virtual address from no source.
  ///
  /// - Parameters:
  ///   - address: the server's own
  ///   - source: of a service whose checks go to the virtual address
  init?(
    _ service: Configuration.Service, _ address: IPAddress, source: Source? = nil
  ) {
    guard let health = service.health, (health.target == .vip) == (source != nil) else {
      return nil
    }
    let address = source == nil ? address : service.address
    self.address = address
    self.source = source
    interval = health.interval
    timeout = health.timeout
    jitter = health.jitter
    let port = service.checkPort
    switch health.type {
    case .tcp: question = .tcp(port: port)
    case .icmp: question = .icmp
    case .http:
      let own = Configuration.SocketAddress(address: address, port: port)
      question = .http(
        HTTPQuestion(
          port: port, path: health.path, host: health.host ?? "\(own)", status: health.status,
          body: health.body))
    }
  }
}

/// What became of one check.
enum CheckResult: Sendable, Equatable {
  case good
  /// The server's fault, in words.
  case bad(String)
  /// It could not be asked, and nothing follows for its health.
  case unable(String)
}

/// A check that is over.
struct CheckOutcome: Sendable {
  let check: CheckID
  let result: CheckResult
  /// When it ended, and how long it took.
  let at: ContinuousClock.Instant
  let duration: Duration
}

/// Names a check for as long as it is wanted; none is used twice.
struct CheckID: Hashable, Sendable {
  let number: Int
}
