import AdminProtocol

/// What `capture.start` asks for.
struct CaptureRequest: Sendable, Equatable {
  enum Direction: String, CaseIterable, Sendable {
    case inbound = "in"
    case outbound = "out"
    case both
  }

  /// Where a capture ends by itself.
  struct Limits: Sendable, Equatable {
    /// nil: as many as there are.
    var packets: Int?
    /// From the start on.
    var seconds = 600
    /// Of the file.
    var bytes = 1 << 30
  }

  /// An absolute path.
  var file: String
  /// Names; nil for all.
  var ports: [String]?
  var direction = Direction.both
  /// A pcap-filter(7) expression, empty for every packet.
  var filter = ""
  /// Bytes that are kept of a packet at most.
  var snapLength = 262_144
  var limits = Limits()

  init(file: String) { self.file = file }

  init(_ params: JSONValue) throws(AdminError) {
    try params.requireParameters(only: [
      "file", "ports", "direction", "filter", "snap_length", "packets", "seconds", "bytes",
    ])
    file = try params.requiredStringParameter("file")
    guard file.hasPrefix("/"), !file.utf8.contains(0) else {
      throw .invalidParameters("'file' must be an absolute path, as /tmp/packets.pcapng")
    }
    ports = try params.stringsParameter("ports")
    if let ports, ports.isEmpty || Set(ports).count != ports.count {
      throw .invalidParameters("'ports' must name one port or more, each once")
    }
    if let word = try params.stringParameter("direction") {
      guard let direction = Direction(rawValue: word) else {
        throw .invalidParameters("direction is \(word); expected in, out or both")
      }
      self.direction = direction
    }
    filter = try params.stringParameter("filter") ?? ""
    snapLength = try params.integerParameter("snap_length", in: 1...262_144) ?? snapLength
    limits.packets = try params.integerParameter("packets", in: 1...1_000_000_000_000)
    limits.seconds =
      try params.integerParameter("seconds", in: 1...31_536_000) ?? limits.seconds
    limits.bytes =
      try params.integerParameter("bytes", in: Self.leastBytes...1 << 50) ?? limits.bytes
  }

  /// A file has more than packets in it.
  private static let leastBytes = 4096
}
