import Labels
import Sessions
import Snapshots
import TestSupport
import Testing
import Wire

@testable import Dataplane

extension DataplaneTests {
  /// Twenty thousand packets of forty conversations, in any order, whole or spoilt, on two workers,
  /// while time passes.
  @Suite struct PropertyTests {
    @Test(arguments: [1, 2] as [UInt64])
    func booksBalanceAndSessionsKeepTheirServer(seed: UInt64) throws {
      let network = Network.twoArmed.with { network in
        network.services[0].clients = .labelled
        network.services[0].maxSessions = 6
        for service in network.services.indices { network.services[service].responseSamples = 50 }
        network.settings.embryonicShare = 40
        network.settings.answersPerSecond = 100
      }
      let bench = try WorkerBench(network, workers: 2, sessions: 14, pairs: 8..<28)
      var traffic = Traffic(seed: seed)
      var packets = 0
      var followed = 0
      while packets < 10_000 {
        let before = SessionView(bench)
        let count = 1 + traffic.below(7)
        let port = traffic.below(2)
        let frames = (0..<count).map { _ in traffic.frame(bench, before, port: port) }
        let sent = bench.inject(frames, on: port, worker: traffic.below(2))
        packets += count
        followed += check(sent, before, SessionView(bench))
        if traffic.below(5) == 0 { bench.advance(by: UInt32(1 + traffic.below(60))) }
        if traffic.below(40) == 0 { bench.advance(by: 400) }
        if traffic.below(30) == 0 {
          _ = bench.appliance.withdraw(label: UInt32(17 + traffic.below(40)))
        }
        if traffic.below(50) == 0 { bench.publish(network) }
        bench.checkLoads()
      }
      // That the mixture is one: much is forwarded, switched, dropped, begun and ended.
      #expect(followed > 1000)
      for name in [
        "label.switched", "label.popped", "label.unknown", "label.exhausted",
        "label.embryonic_full", "analysed.forwarded", "session.new", "session.ended",
        "session.refused", "session.sampled", "handover.packets", "answer.packets",
        "drop.no_session",
      ] {
        #expect(bench[name] > 10, "\(name) is \(bench[name])")
      }
      #expect(bench.counters.filter { $0.key.hasPrefix("drop.") && $0.value > 0 }.count > 15)
      bench.advance(by: 6000)
      #expect(bench.sessions.isEmpty)
      #expect(bench.appliance.pairCounts.free == 20)
      #expect((0..<12).allSatisfy { bench.appliance.sessions(server: $0) == 0 })
      #expect((0..<6).allSatisfy { bench.appliance.sessions(service: $0) == 0 })
    }

    /// Whatever befalls sessions and servers, a server's load is its sessions that are not closing, with
    /// every algorithm (`checkLoads`, after each packet and each passage of time).
    @Test(arguments: Algorithm.allCases)
    func loadIsWhatIsNotClosing(algorithm: Algorithm) throws {
      let network = Network.twoArmed.with { network in
        for service in network.services.indices {
          network.services[service].algorithm = algorithm
          network.services[service].onDown = service % 2 == 0 ? .reset : .keep
          network.services[service].responseSamples = 30
          network.services[service].servers[1].maxSessions = 3
        }
        network.services[0].maxSessions = 5
      }
      let bench = try WorkerBench(network, workers: 2, sessions: 14, pairs: 8..<40)
      var traffic = Traffic(seed: 11)
      var closing = 0
      var reopened = 0
      for _ in 0..<1500 {
        let before = SessionView(bench)
        let port = traffic.below(2)
        bench.inject(
          (0...traffic.below(4)).map { _ in traffic.frame(bench, before, port: port) }, on: port,
          worker: traffic.below(2))
        for (key, session) in SessionView(bench).sessions {
          if session.state == .closing { closing += 1 }
          guard let old = before[key], old.version == session.version else { continue }
          if old.state == .closing && session.state != .closing { reopened += 1 }
        }
        // A forged RST kills nothing.
        let flow = traffic.flows[traffic.below(traffic.flows.count)]
        if let session = SessionView(bench).session(of: flow), session.state == .live,
          session.protocolNumber == ProtocolNumber.tcp
        {
          bench.inject(flow.rst)
          bench.checkLoads()
          bench.inject(flow.data())
          bench.inject(flow.reply(Int(session.server)), on: 1)
          if SessionView(bench).session(of: flow)?.state == .live { reopened += 1 }
        }
        if traffic.below(5) == 0 { bench.advance(by: UInt32(1 + traffic.below(60))) }
        if traffic.below(15) == 0 {
          _ = bench.appliance.withdraw(label: UInt32(17 + traffic.below(64)))
          bench.turn()
        }
        if traffic.below(25) == 0 {
          bench.publish(
            network.service(traffic.below(6)) {
              let place = traffic.below(2)
              if traffic.below(2) == 0 {
                $0.servers[place].state = .maint
              } else {
                $0.servers[place].health = .down
              }
            })
          bench.turn()
        }
        bench.checkLoads()
      }
      #expect(closing > 100 && reopened > 20, "\(closing) closing, \(reopened) reopened")
      bench.publish(network)
      bench.advance(by: 6000)
      #expect(bench.sessions.isEmpty)
      bench.checkLoads()
    }

    /// Plain packets are switched and forwarded in place, past the inspector and the analyser. What
    /// these would make of the same packets is the same, to the byte and the counter: a worker that
    /// traces takes every packet through them.
    @Test(arguments: [1, 2], [false, true])
    func inPlaceAsThroughTheAnalyser(ports: Int, isTagged: Bool) throws {
      let base = ports == 1 ? Network.oneArmed : .twoArmed
      let network = base.with { network in
        network.services[0].clients = .labelled
        for service in network.services.indices { network.services[service].responseSamples = 50 }
        network.settings.guardPort = isTagged
        if isTagged { for port in network.ports.indices { network.ports[port].vlan = 7 } }
      }
      let quick = try WorkerBench(network, sessions: 40, pairs: 8..<40)
      let thorough = try WorkerBench(network, sessions: 40, pairs: 8..<40)
      thorough.appliance.workers[0].trace.pointee.isActive = true
      var traffic = Traffic(seed: isTagged ? 4 : 3)
      for _ in 0..<3000 {
        let view = SessionView(quick)
        let count = 1 + traffic.below(7)
        let port = traffic.below(network.ports.count)
        let frames = (0..<count).map { _ in
          traffic.spoilHeaders(traffic.frame(quick, view, port: port, vlan: isTagged ? 7 : 0))
        }
        let isSame = quick.inject(frames, on: port) == thorough.inject(frames, on: port)
        try #require(isSame, "\(frames.map { $0.prefix(64) })")
        let differences = zip(quick.sortedCounters, thorough.sortedCounters).filter { $0 != $1 }
        try #require(differences.isEmpty, "\(differences)")
        if traffic.below(5) == 0 {
          let ticks = UInt32(1 + traffic.below(60))
          quick.advance(by: ticks)
          thorough.advance(by: ticks)
        }
      }
      for name in ["label.switched", "label.popped", "label.unknown", "analysed.forwarded"] {
        #expect(quick[name] > 100, "\(name) is \(quick[name])")
      }
      #expect(quick["session.sampled"] > 10)
    }

    /// Each frame of a session goes to that session's server, with that session's label.
    ///
    /// - Returns: how many frames were compared
    private func check(_ sent: [WorkerBench.Sent], _ before: SessionView, _ after: SessionView)
      -> Int
    {
      var compared = 0
      for frame in sent where frame.port == 1 {
        guard let key = frame.key else { continue }
        // A SYN that leaves no state is of no session: it may come before the one that starts one, or
        // end one that is closing.
        guard let old = before[key], old.state != .closing || after[key]?.version == old.version
        else { continue }
        let sessions = [old, after[key]].compactMap { $0 }
        compared += 1
        let server = UInt32(frame.bytes[5]) - 0x10
        #expect(
          sessions.contains { $0.server == server },
          "went to \(server), not to \(sessions.map(\.server))")
        if let label = frame.label {
          #expect(sessions.contains { $0.pair != .max && 2 * $0.pair + 1 == label })
        }
      }
      // A session that was there before and is still has the server that it had.
      for (key, session) in after.sessions {
        guard let old = before.sessions[key], old.version == session.version else { continue }
        #expect(old.server == session.server)
        #expect(old.pair == .max || old.pair == session.pair)
      }
      return compared
    }
  }
}

/// The sessions of a moment, by client's address and port and by service.
private struct SessionView {
  var sessions: [String: SessionRecord] = [:]

  init(_ bench: WorkerBench) {
    for session in bench.sessions {
      sessions[
        SessionView.key(
          session.client.description, session.clientPort, session.virtual.description,
          session.virtualPort, session.protocolNumber)] = session
    }
  }

  subscript(key: String) -> SessionRecord? { sessions[key] }

  static func key(
    _ client: String, _ clientPort: UInt16, _ vip: String, _ port: UInt16, _ number: UInt8
  ) -> String { "\(number) \(client) \(clientPort) \(vip) \(port)" }

  func session(of flow: Flow) -> SessionRecord? {
    sessions[
      Self.key(
        flow.clientAddress, flow.clientPort, flow.vip, flow.port, flow.port == 53 ? 17 : 6)]
  }
}

extension WorkerBench.Sent {
  var label: UInt32? {
    guard bytes[12] == 0x88, bytes[13] == 0x47 else { return nil }
    return UInt32(bytes[14]) << 12 | UInt32(bytes[15]) << 4 | UInt32(bytes[16]) >> 4
  }

  /// The session that a frame to a server shows; nil for ICMP and fragments.
  fileprivate var key: String? {
    let ip = Array(bytes[(label == nil ? 14 : 18)...])
    let isIPv4 = ip[0] >> 4 == 4
    let number = isIPv4 ? ip[9] : ip[6]
    guard number == 6 || number == 17 else { return nil }
    if isIPv4, ip[6] & 0x3f != 0 || ip[7] != 0 { return nil }
    let header = isIPv4 ? Int(ip[0] & 15) * 4 : 40
    let addresses = isIPv4 ? (12..<16, 16..<20) : (8..<24, 24..<40)
    func text(_ range: Range<Int>) -> String {
      ip[range].withUnsafeBytes {
        isIPv4
          ? IPAddress(ipv4Word: $0.loadUnaligned(as: UInt32.self)).description
          : IPAddress(
            high: $0.loadUnaligned(as: UInt64.self),
            low: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
          ).description
      }
    }
    let ports = (
      UInt16(ip[header]) << 8 | UInt16(ip[header + 1]),
      UInt16(ip[header + 2]) << 8 | UInt16(ip[header + 3])
    )
    return SessionView.key(text(addresses.0), ports.0, text(addresses.1), ports.1, number)
  }
}

/// Frames of many conversations, by chance.
private struct Traffic {
  var random: SplitMix
  let flows: [Flow]

  init(seed: UInt64) {
    random = SplitMix(state: seed)
    flows = (0..<40 as Range<UInt16>).map { number in
      let kinds = [Flow.web, .web, .dns, .web6, .hashed, .plain, .dns6]
      return kinds[Int(number) % kinds.count].from(40000 + number)
        .with { $0.clientMAC = Hosts.client(UInt8(1 + number % 5)) }
    }
  }

  mutating func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }

  /// Another byte in one of three frames, among those that are looked at.
  mutating func spoilHeaders(_ frame: Bytes) -> Bytes {
    guard below(3) == 0 else { return frame }
    var frame = frame
    frame[below(min(frame.count, 62))] ^= UInt8(1 << below(8))
    return frame
  }

  /// A frame that comes in by a port; one in ten comes in by the wrong one.
  mutating func frame(
    _ bench: WorkerBench, _ view: SessionView, port: Int, vlan: UInt16 = 0
  ) -> Bytes {
    let flow = flows[below(flows.count)]
    let session = view.session(of: flow)
    let isC2S = (port == 0) != (below(10) == 0)
    var packet = isC2S ? fromClient(flow) : fromServer(flow, session)
    packet.destination = Hosts.port(port)
    if vlan != 0 { packet = packet.vlan(vlan) }
    if below(20) == 0, case .none = packet.transport {
    } else if below(20) == 0, packet.ipPayload.count > 24 {
      packet =
        packet.ip { $0.identification = UInt32(flow.clientPort) }
        .fragments(at: [0, 16])[below(2)]
    }
    switch below(10) {
    case 0...4:
      if let pair = session?.pair, pair != .max {
        packet = packet.mpls(2 * pair + (isC2S ? 1 : 2), ttl: UInt8(1 + below(255)))
      }
    case 5: packet = packet.mpls(UInt32(below(90)))
    case 6: packet = packet.mpls(flow.isIPv4 ? 0 : 2)
    default: break
    }
    var bytes = packet.bytes
    // One in twelve is spoilt.
    switch below(36) {
    case 0: bytes = Bytes(bytes.prefix(below(bytes.count + 1)))
    case 1, 2: bytes[below(bytes.count)] = UInt8(below(256))
    default: break
    }
    return bytes.isEmpty ? [0] : bytes
  }

  private mutating func fromClient(_ flow: Flow) -> PacketBuilder {
    if flow.port == 53 { return below(4) == 0 ? flow.query(1480) : flow.query() }
    switch below(16) {
    case 0...4: return flow.syn
    case 5...8: return flow.ack
    case 9...12: return flow.data(100 + below(1400))
    case 13: return flow.fin
    case 14: return flow.rst
    default: return flow.fromClient.icmp(flow.isIPv4 ? 8 : 128, 0)
    }
  }

  private mutating func fromServer(_ flow: Flow, _ session: SessionRecord?) -> PacketBuilder {
    let service = [80: flow.isIPv4 ? 0 : 2, 53: flow.isIPv4 ? 1 : 5, 8080: 3, 81: 4][
      Int(flow.port)]!
    let slot = session.map { Int($0.server) } ?? service * 2 + below(2)
    if flow.port == 53 { return flow.answer(slot) }
    switch below(16) {
    case 0...6: return flow.synAck(slot)
    case 7...12: return flow.reply(slot, 100 + below(1300))
    case 13: return flow.fin(slot)
    case 14: return flow.rst(slot)
    default:
      return flow.fromServer(slot).icmp(
        flow.isIPv4 ? 3 : 1, 1, payload: flow.data().ipBytes)
    }
  }
}
