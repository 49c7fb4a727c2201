import Snapshots
import Wire
import Yams

extension Configuration {
  private static let serviceKeys = [
    "name", "address", "protocol", "port", "algorithm", "slow-start", "clients",
    "max-sessions", "new-sessions-per-second", "new-sessions-per-client", "allow", "deny",
    "response-samples", "refuse-with", "on-down", "health", "servers",
  ]
  private static let serverKeys = [
    "name", "address", "mac", "port", "weight", "labels", "max-sessions",
  ]

  /// - Parameters:
  ///   - portNames: the index of each port's name
  ///   - checksNextHops: whether servers must have a way to their Ethernet address
  mutating func readServices(_ root: Section, portNames: [String: Int], checksNextHops: Bool) {
    guard root.required("services", expected: "a list of services") != nil else { return }
    let sections = root.sections("services", title: "service", keys: Self.serviceKeys)
    if sections.count > Self.maximumServices {
      root.diagnostics.report(
        sections[Self.maximumServices].place, "there are \(sections.count) services",
        expected: "at most \(Self.maximumServices)")
    }
    var names = FirstPlaces()
    var overlaps = ServiceOverlaps()
    var serverCount = 0
    for section in sections {
      var service = readService(section, overlaps: &overlaps)
      if !service.name.isEmpty {
        names.add(
          service.name, in: section, key: "name", what: "service name")
      }
      service.servers = readServers(
        section, portNames: portNames, checksNextHops: checksNextHops, count: &serverCount)
      services.append(service)
    }
    overlaps.report()
    checkSources(sections)
  }

  private func readService(_ section: Section, overlaps: inout ServiceOverlaps) -> Service {
    var service = Service()
    service.name = section.name("name") ?? ""
    let addressNode = section.required("address", expected: "the virtual address")
    let address = section.address(addressNode, "address")
    service.address = address ?? service.address
    let hasProtocol = section.required("protocol", expected: "tcp or udp") != nil
    let transport: Transport? = hasProtocol ? section.word("protocol") : nil
    service.transport = transport ?? service.transport
    let port = Self.readPortRange(section)
    service.port = port ?? service.port
    if let address, let transport, let port {
      overlaps.add(
        ServiceOverlaps.Key(address: address, transport: transport), port, section: section)
    }
    service.algorithm = section.word("algorithm") ?? service.algorithm
    service.slowStart =
      section.duration("slow-start", in: .zero...Self.longestTime) ?? service.slowStart
    service.clients = section.word("clients") ?? service.clients
    service.maxSessions = section.limit("max-sessions") ?? 0
    service.newSessionsPerSecond = section.limit("new-sessions-per-second") ?? 0
    readAdmission(section, &service, isIPv4: address?.isIPv4)
    service.responseSamples =
      section.integer("response-samples", in: 0...100)
      ?? (service.algorithm.comparesResponseTimes ? 1 : 0)
    service.refuseWith = section.word("refuse-with") ?? service.refuseWith
    service.onDown = section.word("on-down") ?? service.onDown
    service.health = readHealth(section, ports: port)
    return service
  }

  private static func readPortRange(_ section: Section) -> PortRange? {
    let expected = "a port 1 to 65535, a range such as 8000-8099, or any"
    guard let node = section.required("port", expected: expected) else { return nil }
    if case .scalar(let scalar) = node, !scalar.isPlain, DecimalNumber.read(scalar.string) != nil {
      section.report("port", "port is the text \(scalar.string.quoted)", expected: expected)
      return nil
    }
    return section.parse(node, "port", expected: expected) { text in
      if text == "any" { return .any }
      let single = DecimalNumber.read(text)
      guard let (low, high) = single.map({ ($0, $0) }) ?? DecimalNumber.readRange(text),
        low >= 1, low <= high, high <= 65_535
      else { return nil }
      return PortRange(low: UInt16(low), high: UInt16(high))
    }
  }

  private func readServers(
    _ section: Section, portNames: [String: Int], checksNextHops: Bool, count: inout Int
  ) -> [Server] {
    guard section.required("servers", expected: "a list of servers") != nil else { return [] }
    var names = FirstPlaces()
    var servers: [Server] = []
    let sections = section.sections("servers", title: "server", keys: Self.serverKeys)
    for section in sections {
      count += 1
      if count == Self.maximumServers + 1 {
        section.diagnostics.report(
          section.place, "this is server \(count)",
          expected: "at most \(Self.maximumServers) in all services")
      }
      let server = readServer(
        section, portNames: portNames, checksNextHops: checksNextHops)
      if !server.name.isEmpty {
        names.add(
          server.name, in: section, key: "name", what: "server name")
      }
      servers.append(server)
    }
    return servers
  }

  private func readServer(
    _ section: Section, portNames: [String: Int], checksNextHops: Bool
  ) -> Server {
    var server = Server()
    server.name = section.name("name") ?? ""
    let addressNode = section.required("address", expected: "the server's address")
    let address = section.address(addressNode, "address")
    server.address = address ?? server.address
    server.mac = section.mac("mac")
    if let port = egressPort(section, address: address, portNames: portNames) {
      server.port = port
      if checksNextHops, address != nil { checkNextHop(of: server, section) }
    }
    server.weight = section.integer("weight", in: 0...65_535).map { UInt32($0) } ?? server.weight
    server.labels = section.boolean("labels") ?? server.labels
    server.maxSessions = section.limit("max-sessions") ?? 0
    return server
  }

  /// The named port, else the only one that faces servers, else the only one of these that has the
  /// server's address in a prefix.
  private func egressPort(
    _ section: Section, address: IPAddress?, portNames: [String: Int]
  ) -> Int? {
    let facingServers = ports.indices.filter { ports[$0].side.facesServers }
    // Without any, the ports' own message has said it.
    if facingServers.isEmpty { return nil }
    if section.value("port") != nil {
      let expected = String.choice(of: facingServers.map { ports[$0].name })
      guard let name = section.parse("port", expected: expected, { $0 }) else { return nil }
      guard let port = portNames[name] else {
        section.report("port", "there is no port \(name.quoted)", expected: expected)
        return nil
      }
      // Of two ports with one name, which has its own message, either will do.
      if !facingServers.contains(where: { ports[$0].name == name }) {
        section.report("port", "port \(name.quoted) faces clients only", expected: expected)
      }
      return port
    }
    guard facingServers.count > 1, let address else { return facingServers.first }
    let reaching = facingServers.filter { index in
      ports[index].addresses.contains { $0.contains(address) }
    }
    if reaching.count == 1 { return reaching[0] }
    let problem =
      reaching.isEmpty
      ? "no port's prefixes hold the server's address \(address)"
      : "\(reaching.count) ports' prefixes hold the server's address \(address)"
    let names = (reaching.isEmpty ? facingServers : reaching).map { ports[$0].name }
    section.diagnostics.report(
      section.place, problem, expected: "port: \(String.choice(of: names))")
    return nil
  }
}

extension Section {
  /// A 32-bit limit, 0 for none.
  fileprivate func limit(_ key: String) -> UInt32? {
    integer(key, in: 0...1_000_000_000).map { UInt32($0) }
  }
}
