import Wire

extension Configuration {
  /// The configuration as YAML, every default and derived value written out. Reading it gives the
  /// same configuration.
  public var text: String {
    var lines: [String] = []
    if let workers { lines.append("workers: \(workers)") }
    lines.append("sessions-per-worker: \(sessionsPerWorker)")
    lines += ["memory:", "  hugepages: \(memory.hugepages)"]
    if let mbufs = memory.mbufs { lines.append("  mbufs: \(mbufs)") }
    lines += ["admin:", "  socket: \(Self.quote(admin.socket))"]
    if let metrics { lines.append("metrics: \(Self.quote("\(metrics)"))") }
    lines.append("ports:")
    for port in ports { lines += Self.lines(of: port) }
    lines += [
      "labels:",
      "  range: \(labels.range.lowerBound)-\(labels.range.upperBound)",
      "  first: \(labels.first)",
      "  unknown: \(labels.unknown)",
      "  guard: \(labels.guard)",
      "  quarantine: \(labels.quarantine.configurationText)",
      "  embryonic-share: \(labels.embryonicShare)",
      "answers-per-second: \(answersPerSecond)",
      "kernel-packets-per-second: \(kernelPacketsPerSecond)",
      "timeouts:",
      "  tcp-embryonic: \(timeouts.tcpEmbryonic.configurationText)",
      "  tcp-established: \(timeouts.tcpEstablished.configurationText)",
      "  tcp-closing: \(timeouts.tcpClosing.configurationText)",
      "  udp-embryonic: \(timeouts.udpEmbryonic.configurationText)",
      "  udp: \(timeouts.udp.configurationText)",
      "services:",
    ]
    for service in services { lines += self.lines(of: service) }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func lines(of port: Port) -> [String] {
    var lines = [
      "  - name: \(quote(port.name))",
      "    device: \(quote(port.device))",
      "    side: \(port.side)",
    ]
    if let mac = port.mac { lines.append("    mac: \"\(mac)\"") }
    lines += ["    mtu: \(port.mtu)", "    vlan: \(port.vlan)"]
    if !port.addresses.isEmpty {
      let addresses = port.addresses.map { "\"\($0)\"" }.joined(separator: ", ")
      lines.append("    address: [\(addresses)]")
    }
    switch port.gateway {
    case .mac(let mac): lines += ["    gateway:", "      mac: \"\(mac)\""]
    case .address(let address): lines += ["    gateway:", "      address: \"\(address)\""]
    case nil: break
    }
    return lines
  }

  private func lines(of service: Service) -> [String] {
    var lines = [
      "  - name: \(Self.quote(service.name))",
      "    address: \"\(service.address)\"",
      "    protocol: \(service.transport)",
      "    port: \(service.port)",
      "    algorithm: \(service.algorithm)",
      "    slow-start: \(service.slowStart.configurationText)",
      "    clients: \(service.clients)",
      "    max-sessions: \(service.maxSessions)",
      "    new-sessions-per-second: \(service.newSessionsPerSecond)",
    ]
    if let limit = service.clientLimit {
      lines += [
        "    new-sessions-per-client:", "      rate: \(limit.rate)",
        "      prefix-ipv4: \(limit.prefixIPv4)", "      prefix-ipv6: \(limit.prefixIPv6)",
      ]
    }
    for (key, prefixes) in [("allow", service.allow), ("deny", service.deny)]
    where !prefixes.isEmpty {
      lines.append("    \(key): [\(prefixes.map { "\"\($0)\"" }.joined(separator: ", "))]")
    }
    lines += [
      "    response-samples: \(service.responseSamples)",
      "    refuse-with: \(service.refuseWith)",
      "    on-down: \(service.onDown)",
    ]
    if let health = service.health { lines += Self.lines(of: health) }
    lines.append("    servers:")
    for server in service.servers {
      lines += [
        "      - name: \(Self.quote(server.name))",
        "        address: \"\(server.address)\"",
      ]
      if let mac = server.mac { lines.append("        mac: \"\(mac)\"") }
      lines += [
        "        port: \(Self.quote(ports[server.port].name))",
        "        weight: \(server.weight)",
        "        labels: \(server.labels)",
        "        max-sessions: \(server.maxSessions)",
      ]
    }
    return lines
  }

  private static func lines(of health: Health) -> [String] {
    var lines = [
      "    health:", "      type: \(health.type)", "      to: \(health.target)",
      "      path: \(quote(health.path))",
    ]
    if health.type == .http {
      if let host = health.host { lines.append("      host: \(quote(host))") }
      lines.append("      status: \(health.status.lowerBound)-\(health.status.upperBound)")
      if let body = health.body { lines.append("      body: \(quote(body))") }
    }
    if let port = health.port { lines.append("      port: \(port)") }
    return lines + [
      "      interval: \(health.interval.configurationText)",
      "      timeout: \(health.timeout.configurationText)",
      "      rise: \(health.rise)",
      "      fall: \(health.fall)",
      "      jitter: \(health.jitter)",
    ]
  }

  /// A double-quoted scalar (YAML 1.2 5.7).
  private static func quote(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\":
        quoted += "\\\(scalar)"
      default:
        let isPlain =
          scalar.properties.generalCategory != .control && !scalar.properties.isWhitespace
        quoted += isPlain || scalar == " " ? String(scalar) : escape(scalar)
      }
    }
    return quoted + "\""
  }

  private static func escape(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16)
    return "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
  }
}
