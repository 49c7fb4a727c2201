extension Configuration {
  private static let healthKeys = [
    "type", "to", "path", "host", "status", "body", "port", "interval", "timeout", "rise", "fall",
    "jitter",
  ]

  /// - Parameter ports: the service's, nil if they could not be read
  func readHealth(_ section: Section, ports: PortRange?) -> Health? {
    guard let section = section.section("health", keys: Self.healthKeys) else { return nil }
    var health = Health()
    var type: HealthType?
    if section.required("type", expected: "http, tcp or icmp") != nil {
      type = section.word("type")
      health.type = type ?? health.type
    }
    health.target = section.word("to") ?? health.target
    let path = section.parse("path", expected: "a path that begins with \"/\", without spaces") {
      $0.hasPrefix("/") && $0.isPrintable ? $0 : nil
    }
    health.path = path ?? health.path
    health.host = section.parse("host", expected: "a host such as www.example.org") {
      $0.isPrintable && $0.utf8.count <= 255 ? $0 : nil
    }
    let status = section.parse("status", expected: "a status 200 to 599, or a range 200-399") {
      text -> ClosedRange<Int>? in
      let single = DecimalNumber.read(text)
      guard let (low, high) = single.map({ ($0, $0) }) ?? DecimalNumber.readRange(text),
        low >= 200, low <= high, high <= 599
      else { return nil }
      return low...high
    }
    health.status = status ?? health.status
    health.body = section.parse("body", expected: "text of at most 1024 bytes") {
      $0.utf8.count <= 1024 ? $0 : nil
    }
    health.port = section.integer("port", in: 1...65_535).map { UInt16($0) }
    let range = Duration.milliseconds(1)...Self.longestTime
    health.interval = section.duration("interval", in: range) ?? health.interval
    health.timeout = section.duration("timeout", in: range) ?? health.timeout
    health.rise = section.integer("rise", in: 1...255) ?? health.rise
    health.fall = section.integer("fall", in: 1...255) ?? health.fall
    health.jitter = section.integer("jitter", in: 0...50) ?? health.jitter
    if let type { Self.reportContradictions(section, type: type, ports: ports) }
    return health
  }

  /// Keys that another type of check would need. A path alone is let pass, so that the type may be
  /// changed without touching it.
  private static func reportContradictions(
    _ section: Section, type: HealthType, ports: PortRange?
  ) {
    for key in ["host", "status", "body"] where type != .http && section.value(key) != nil {
      section.report(key, "\(key) says nothing to a \(type) check", expected: "type: http")
    }
    if type == .icmp, section.value("port") != nil {
      section.report("port", "port says nothing to an icmp check", expected: "type: http or tcp")
    }
    if type == .icmp, section.value("to")?.scalar?.string == "vip" {
      section.report(
        "to", "an icmp check has no port that names the server", expected: "type: http or tcp")
    }
    if type == .tcp, section.value("port") == nil, ports == .any {
      section.diagnostics.report(
        section.place, "health has no port, and the service has every port",
        expected: "port: a port 1 to 65535")
    }
  }
}

extension String {
  /// Whether it is ASCII without spaces and control characters.
  fileprivate var isPrintable: Bool {
    unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value < 0x7f }
  }
}

extension Configuration.Service {
  /// Where its servers are checked by TCP: the port of `health`, else the service's first one. A
  /// service of every port has HTTP's.
  public var checkPort: UInt16 {
    if let port = health?.port { return port }
    return port == .any ? 80 : port.low
  }
}
