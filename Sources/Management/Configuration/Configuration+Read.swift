import Snapshots
import Wire

extension Configuration {
  /// The longest time that a file may ask for: a timer counts 2^32 ticks.
  static let longestTime = Duration.seconds(168 * 3600)
  static let maximumPorts = 32
  static let maximumServices = 8192
  /// A label entry names a static next hop by 16 bits, and the first of those are the ports'.
  static let maximumServers = 65_536 - maximumPorts

  /// Reads a configuration strictly: unknown keys, wrong types and references that lead nowhere
  /// are errors, and all of them are told. Looks at no device and no other file.
  ///
  /// - Parameters:
  ///   - text: YAML
  ///   - file: what the messages call the file
  public static func read(
    text: String, file: String
  ) -> Result<Configuration, ConfigurationErrors> {
    let diagnostics = Diagnostics()
    var configuration = Configuration()
    if let document = YAMLDocument(text: text, diagnostics: diagnostics),
      let root = Section(
        document.root, title: "the configuration", keys: rootKeys, document: document,
        diagnostics: diagnostics)
    {
      configuration.read(root)
    }
    return diagnostics.isEmpty ? .success(configuration) : .failure(diagnostics.errors(file: file))
  }

  private static let rootKeys = [
    "workers", "sessions-per-worker", "memory", "admin", "metrics", "ports", "labels",
    "answers-per-second", "kernel-packets-per-second", "timeouts", "services",
  ]

  private mutating func read(_ root: Section) {
    workers = root.integer("workers", in: 1...64)
    sessionsPerWorker =
      root.integer("sessions-per-worker", in: 1...67_108_864) ?? sessionsPerWorker
    if let section = root.section("memory", keys: ["hugepages", "mbufs"]) {
      memory.hugepages = section.word("hugepages") ?? memory.hugepages
      memory.mbufs = section.integer("mbufs", in: 512...16_777_216)
    }
    if let section = root.section("admin", keys: ["socket"]) {
      // sun_path holds 108 bytes with the terminating zero (unix(7)).
      let path = section.parse("socket", expected: "a path of at most 107 bytes") {
        $0.utf8.count <= 107 ? $0 : nil
      }
      admin.socket = path ?? admin.socket
    }
    metrics = root.parse("metrics", expected: "ADDRESS:PORT such as 127.0.0.1:9464") {
      SocketAddress($0)
    }
    readLabels(root)
    answersPerSecond =
      root.integer("answers-per-second", in: 0...1_000_000) ?? answersPerSecond
    kernelPacketsPerSecond =
      root.integer("kernel-packets-per-second", in: 1...1_000_000) ?? kernelPacketsPerSecond
    readTimeouts(root)
    let before = root.diagnostics.count
    let portNames = readPorts(root)
    // What follows from a port's fault would only hide it.
    readServices(
      root, portNames: portNames, checksNextHops: root.diagnostics.count == before)
  }

  private mutating func readLabels(_ root: Section) {
    let keys = ["range", "first", "unknown", "guard", "quarantine", "embryonic-share"]
    guard let section = root.section("labels", keys: keys) else { return }
    let expected = "LOW-HIGH, both odd, within 17-1048573"
    let range = section.parse("range", expected: expected) { text -> ClosedRange<UInt32>? in
      guard let (low, high) = DecimalNumber.readRange(text), low <= high,
        low >= 17, high <= 1_048_573, low % 2 == 1, high % 2 == 1
      else { return nil }
      return UInt32(low)...UInt32(high)
    }
    labels.range = range ?? labels.range
    labels.first = section.word("first") ?? labels.first
    labels.unknown = section.word("unknown") ?? labels.unknown
    labels.guard = section.word("guard") ?? labels.guard
    labels.quarantine =
      section.duration("quarantine", in: .zero...Self.longestTime) ?? labels.quarantine
    labels.embryonicShare =
      section.integer("embryonic-share", in: 1...100) ?? labels.embryonicShare
    if let workers, labels.pairCount < workers {
      section.report(
        "range",
        "the range holds too few pairs of labels, \(labels.pairCount) for \(workers) workers",
        expected: "at least one a worker")
    }
  }

  private mutating func readTimeouts(_ root: Section) {
    let keys = ["tcp-embryonic", "tcp-established", "tcp-closing", "udp-embryonic", "udp"]
    guard let section = root.section("timeouts", keys: keys) else { return }
    let range = Duration.milliseconds(1)...Self.longestTime
    timeouts.tcpEmbryonic = section.duration(keys[0], in: range) ?? timeouts.tcpEmbryonic
    timeouts.tcpEstablished = section.duration(keys[1], in: range) ?? timeouts.tcpEstablished
    timeouts.tcpClosing = section.duration(keys[2], in: range) ?? timeouts.tcpClosing
    timeouts.udpEmbryonic = section.duration(keys[3], in: range) ?? timeouts.udpEmbryonic
    timeouts.udp = section.duration(keys[4], in: range) ?? timeouts.udp
  }
}

extension Configuration.SocketAddress: CustomStringConvertible {
  /// Reads `192.0.2.1:9464` or `[2001:db8::1]:9464`; nil if it is neither.
  public init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"),
      let port = DecimalNumber.read(text[text.index(after: colon)...]), 1...65_535 ~= port
    else { return nil }
    let host = text[..<colon]
    let bracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
    guard let address = IPAddress(String(bracketed ? host.dropFirst().dropLast() : host)),
      address.isIPv4 != bracketed
    else { return nil }
    self.init(address: address, port: UInt16(port))
  }

  public var description: String {
    address.isIPv4 ? "\(address):\(port)" : "[\(address)]:\(port)"
  }
}
