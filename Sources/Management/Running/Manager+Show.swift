import AdminProtocol
import Balancing
import Dataplane
import Labels
import Snapshots
import Wire

/// The `show.*` methods and `status`.
extension Manager {
  func status() -> JSONValue {
    let pairs = appliance.pairCounts
    return [
      "version": .string(Self.version),
      "uptime_s": .double((ContinuousClock.now - started).seconds.toMilliseconds),
      "workers": JSONValue(appliance.options.workers),
      "snapshot": JSONValue(snapshotNumber),
      "labels": [
        "capacity": JSONValue(pairs.capacity), "live": JSONValue(pairs.live),
        "embryonic": JSONValue(pairs.embryonic), "closing": JSONValue(pairs.closing),
        "quarantined": JSONValue(pairs.quarantined), "free": JSONValue(pairs.free),
      ],
      "sessions": JSONValue(appliance.sessionCount),
    ]
  }

  func showServices() -> JSONValue {
    let slots = plan.serviceSlots + plan.retiredServiceSlots
    return .array(
      slots.compactMap { slot in
        guard let service = plan.service(slot: slot) else { return nil }
        return [
          "name": .string(service.name),
          "address": .string("\(service.address)"),
          "protocol": .string("\(service.transport)"),
          "port": .string("\(service.port)"),
          "algorithm": .string("\(service.algorithm)"),
          "sessions": JSONValue(appliance.sessions(service: slot)),
          "refused": JSONValue(refused(service: slot)),
          "refused_by": .object(
            JSONObject(
              AdmissionVerdict.refusals.map { verdict in
                (verdict.name, JSONValue(refused(service: slot, verdict)))
              })),
          "retired": .bool(service.retired),
          "servers": .array(
            service.serverSlots.compactMap { slot in
              plan.server(slot: slot).map { .object(JSONObject(describe($0))) }
            }),
        ]
      })
  }

  func showServers() -> JSONValue {
    let slots = plan.serviceSlots + plan.retiredServiceSlots
    return .array(
      slots.flatMap { plan.service(slot: $0)?.serverSlots ?? [] }.compactMap { slot in
        plan.server(slot: slot).map { server in
          .object(JSONObject([("service", .string(server.service))] + describe(server)))
        }
      })
  }

  /// Sessions that were refused to the service.
  func refused(service slot: UInt32) -> UInt64 {
    AdmissionVerdict.refusals.reduce(0) { $0 + refused(service: slot, $1) }
  }

  func refused(service slot: UInt32, _ verdict: AdmissionVerdict) -> UInt64 {
    appliance.refused(service: slot, verdict) - (refusedBaselines[slot]?[verdict] ?? 0)
  }

  /// Sessions that were given to the server.
  func totalSessions(server slot: UInt32) -> UInt64 {
    appliance.totalSessions(server: slot) - (totalBaselines[slot] ?? 0)
  }

  private func describe(_ server: Plan.ServerView) -> [(String, JSONValue)] {
    [
      ("name", .string(server.name)),
      ("address", .string("\(server.address)")),
      ("state", .string("\(server.state)")),
      ("health", .string("\(server.health)")),
      ("weight", JSONValue(server.weight)),
      ("effective_weight", .double(server.effectiveWeight.toMilliseconds)),
      ("sessions", JSONValue(appliance.sessions(server: server.slot))),
      ("total_sessions", JSONValue(totalSessions(server: server.slot))),
      ("mac", JSONValue(server.mac.map { "\($0)" })),
      ("port", .string(plan.configuration.ports[server.port].name)),
      ("labels", .bool(server.labels)),
      ("max_sessions", JSONValue(server.maxSessions)),
      ("retired", .bool(server.retired)),
      ("slot", JSONValue(server.slot)),
    ] + describeTimes(of: server.slot) + describeChecks(of: server.slot)
  }

  func showSessions(_ params: JSONValue) throws(AdminError) -> JSONValue {
    try params.requireParameters(only: ["limit"])
    let limit = try params.integerParameter("limit", in: 0...100_000) ?? 1000
    let sessions = appliance.sessions(limit: limit).map { view in
      let record = view.record
      let pair = record.pair == noIndex ? nil : record.pair
      let answer: JSONValue = [
        "service": JSONValue(plan.serviceName(record.service)),
        "server": JSONValue(plan.server(slot: record.server)?.name),
        "protocol": .string(record.protocolNumber == ProtocolNumber.tcp ? "tcp" : "udp"),
        "client": .string("\(record.client)"),
        "client_port": JSONValue(record.clientPort),
        "vip": .string("\(record.virtual)"),
        "vip_port": JSONValue(record.virtualPort),
        "state": .string("\(record.state)"),
        "c2s_label": pair.map { JSONValue(SessionLabel.c2s($0)) } ?? .null,
        "s2c_label": pair.map { JSONValue(SessionLabel.s2c($0)) } ?? .null,
        "age_s": .double(view.age.toMilliseconds),
        "idle_s": .double(view.idle.toMilliseconds),
      ]
      return answer
    }
    return ["total": JSONValue(appliance.sessionCount), "sessions": .array(sessions)]
  }

  func showLabels(_ params: JSONValue) throws(AdminError) -> JSONValue {
    try params.requireParameters(only: ["limit"])
    let limit = try params.integerParameter("limit", in: 0...1_000_000) ?? 1000
    let counts = appliance.pairCounts
    let labels = appliance.pairs(limit: limit).map { view in
      let client = end(port: view.clientPort)
      let server = end(port: view.serverPort)
      let answer: JSONValue = [
        "c2s_label": JSONValue(SessionLabel.c2s(view.pair)),
        "s2c_label": JSONValue(SessionLabel.s2c(view.pair)),
        "state": .string("\(view.state)"), "worker": JSONValue(view.worker),
        "generation": JSONValue(view.generation),
        "c2s": ["in": client, "out": server], "s2c": ["in": server, "out": client],
      ]
      return answer
    }
    return [
      "total": JSONValue(counts.embryonic + counts.live + counts.closing),
      "labels": .array(labels),
    ]
  }

  private func end(port: Int) -> JSONValue {
    guard appliance.devices.indices.contains(port) else { return .null }
    let device = appliance.devices[port]
    return ["line_card": .string(device.lineCard), "port": .string(device.name)]
  }

  func showWorkers() -> JSONValue {
    .array(
      (0..<appliance.options.workers).map { worker in
        [
          "worker": JSONValue(worker), "lcore": JSONValue(worker + 1),
          "counters": object(appliance.counters(worker: worker)),
        ]
      })
  }

  func showCounters() -> JSONValue {
    object(counters)
  }

  /// All that is counted beside ports, services and servers: what `show.counters` and the metrics offer.
  var counters: [(name: String, value: UInt64)] {
    appliance.counters() + kernelCounters + healthCounters + captureCounters
  }

  private func object(_ counters: [(name: String, value: UInt64)]) -> JSONValue {
    .object(JSONObject(counters.map { ($0.name, JSONValue($0.value)) }))
  }

  func showConfig() -> JSONValue {
    ["file": .string(file), "text": .string(plan.configuration.text)]
  }
}

extension Double {
  /// Rounded to thousandths.
  fileprivate var toMilliseconds: Double { (self * 1000).rounded() / 1000 }
}

extension Duration {
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
