import AdminProtocol
import Dataplane
import Labels
import Sessions

/// The `trace.*` methods.
extension Manager {
  /// Traces that were ended and may still be written to. One may have many megabytes, and a worker that
  /// is scheduled out leaves none.
  private static let mostEndedTraces = 8

  /// Frees the traces that no worker writes to any more.
  func freeEndedTraces() { endedTraces.removeAll { appliance.isPast(token: $0.token) } }

  func startTrace(_ params: JSONValue) throws(AdminError) -> JSONValue {
    try params.requireParameters(only: ["filter", "count"])
    let filter = try params.stringParameter("filter") ?? ""
    let count = try params.integerParameter("count", in: 1...10_000) ?? 50
    freeEndedTraces()
    guard endedTraces.count < Self.mostEndedTraces else {
      throw .operational("the workers have not left the former traces yet: try again")
    }
    let new: PacketTrace
    do {
      new = try appliance.startTrace(filter: filter, count: count)
    } catch {
      throw .operational(error.description)
    }
    if let trace { endedTraces.append((trace, appliance.startGrace())) }
    trace = new
    return ["filter": .string(filter), "count": JSONValue(count)]
  }

  func showTrace() -> JSONValue {
    guard let trace else {
      return [
        "active": false, "captured": 0, "wanted": 0, "filter": "", "packets": .array([]),
      ]
    }
    let packets = trace.packets
    let first = packets.first?.time ?? 0
    let listed = packets.map { packet in
      let answer: JSONValue = [
        "worker": JSONValue(packet.worker),
        "time_us": .double(Double(packet.time - first) / 1000),
        "port": .string(portName(packet.port)),
        "length": JSONValue(packet.length),
        "outcome": .string(packet.outcome ?? "handed over"),
        "steps": .array(steps(packet).map(JSONValue.string)),
        "before": .string(hex(packet.before)),
        "after": packet.after.isEmpty ? .null : .string(hex(packet.after)),
      ]
      return answer
    }
    return [
      "active": .bool(trace.isActive && packets.count < trace.wanted),
      "captured": JSONValue(packets.count), "wanted": JSONValue(trace.wanted),
      "filter": .string(trace.filter), "packets": .array(listed),
    ]
  }

  private func portName(_ index: Int) -> String {
    appliance.devices.indices.contains(index) ? appliance.devices[index].name : "port \(index)"
  }

  /// The packet's path in words, a line a stage.
  private func steps(_ packet: PacketTrace.Packet) -> [String] {
    var steps = [
      "receive: port \(portName(packet.port)), worker \(packet.worker), \(packet.length) bytes"
        + (packet.isHandedOver ? ", handed over by another worker" : "")
    ]
    if packet.label != 0 {
      let entry = packet.labelEntry
      let state =
        entry.state == .none ? "no entry" : "\(entry.state), out by \(portName(Int(entry.port)))"
      steps.append("label: \(packet.label), \(state)\(entry.pop ? ", pop" : "")")
    }
    if packet.hasKey, packet.outcome != "label.switched" {
      steps.append("session: \(packet.hadSession ? "found" : "none") for its key")
    }
    if packet.outcome == "drop.refused" {
      steps.append("admission: refused, \(packet.refusal.text)")
    }
    if let session = packet.session {
      let pair =
        session.pair == .max
        ? "no labels"
        : "labels \(SessionLabel.c2s(session.pair))/\(SessionLabel.s2c(session.pair))"
      let service = plan.service(slot: session.service)
      let server = plan.server(slot: session.server)?.name ?? "?"
      let name = service?.name ?? "?"
      if !packet.hadSession, session.has(SessionFlags.rebuilt) {
        steps.append("admission: admitted to service \(name), as one that has begun already")
        steps.append("scheduler: not asked, the session is taken to be of server \(server)")
      } else if !packet.hadSession {
        steps.append("admission: admitted to service \(name)")
        steps.append(
          "scheduler: \(service.map { "\($0.algorithm)" } ?? "?") names server \(server)")
      }
      steps.append("session: service \(name), server \(server), \(session.state), \(pair)")
    }
    steps.append("outcome: \(packet.outcome ?? "handed over to the owning worker")")
    if packet.isAnswered { steps.append("answer: made and sent back") }
    if let egress = packet.egress { steps.append("transmit: port \(portName(egress))") }
    return steps
  }

  private func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
