import CDPDKShim
import Labels
import Sessions
import Snapshots
import Testing
import Wire

@testable import Dataplane

extension WorkerBench {
  var counters: Counts {
    Dictionary(uniqueKeysWithValues: appliance.counters().map { ($0.name, $0.value) })
  }

  /// The same for two benches, in the same order.
  var sortedCounters: [String] {
    counters.filter { $0.key != "worker.busy_ns" }.sorted { $0.key < $1.key }
      .map { "\($0.key) \($0.value)" }
  }

  /// All counters but those of the devices and of time.
  func changes(since before: Counts) -> Counts {
    let ignored: Set<String> = ["rx.packets", "tx.packets", "worker.busy_ns"]
    var changes: Counts = [:]
    // Why a session was refused is told by the tests of that; here it would be said twice.
    for (name, value) in counters
    where !ignored.contains(name) && !name.hasPrefix("refused.") && value != before[name]! {
      changes[name] = value &- before[name]!
    }
    return changes
  }

  subscript(name: String) -> UInt64 { counters[name]! }

  /// What holds after every packet: each one received ended once, sessions and pairs are all
  /// accounted for.
  func checkBooks(_ sourceLocation: SourceLocation) {
    let counters = counters
    let outcomes = counters.filter {
      $0.key.hasPrefix("drop.")
        || ["label.switched", "analysed.forwarded", "kernel.packets"].contains($0.key)
    }
    #expect(
      counters["rx.packets"]! == outcomes.values.reduce(0, +),
      "\(counters.filter { $0.value > 0 })",
      sourceLocation: sourceLocation)
    #expect(
      counters["session.new"]! - counters["session.ended"]! == UInt64(appliance.sessionCount),
      sourceLocation: sourceLocation)
    let pairs = appliance.pairCounts
    #expect(
      pairs.free + pairs.embryonic + pairs.live + pairs.closing + pairs.quarantined
        == pairs.capacity, sourceLocation: sourceLocation)
    checkLoads(sourceLocation)
  }

  /// A server's load, and a service's sessions, are the records that are not closing; a server is
  /// unused when there is none at all.
  func checkLoads(_ sourceLocation: SourceLocation = #_sourceLocation) {
    var servers = [UInt32](repeating: 0, count: appliance.options.serverSlots)
    var services = [UInt32](repeating: 0, count: appliance.options.serviceSlots)
    var used: Set<UInt32> = []
    for session in sessions {
      used.insert(session.server)
      if session.state == .closing { continue }
      servers[Int(session.server)] += 1
      services[Int(session.service)] += 1
    }
    let shownServers = servers.indices.map { appliance.sessions(server: UInt32($0)) }
    let shownServices = services.indices.map { appliance.sessions(service: UInt32($0)) }
    let inUse = servers.indices.map(UInt32.init).filter { !appliance.isUnused(server: $0) }
    #expect(shownServers == servers, sourceLocation: sourceLocation)
    #expect(shownServices == services, sourceLocation: sourceLocation)
    #expect(Set(inUse) == used, sourceLocation: sourceLocation)
  }

  /// What the label switch says of a label.
  func state(of label: UInt32) -> LabelState {
    appliance.shared.labelTable.load(label: label).state
  }

  /// The sessions of all workers, oldest record first.
  var sessions: [SessionRecord] {
    (0..<workers).flatMap { worker in
      (0..<appliance.options.sessionsPerWorker).compactMap { place in
        let record = appliance.workers[worker].sessions.records[place]
        return record.version != 0 ? record : nil
      }
    }
  }

  /// The worker that owns a flow, by DPDK's own Toeplitz and the redirection table's rule.
  func owner(of flow: Flow) -> Int {
    var words =
      address(flow.clientAddress).hostWords + address(flow.vip).hostWords
      + [UInt32(flow.clientPort) << 16 | UInt32(flow.port)]
    let hash = shim_softrss(&words, UInt32(words.count))
    return Int(hash % 128) % workers
  }

  /// A flow like another, of a client port from which a worker owns it.
  func flow(_ flow: Flow, ownedBy worker: Int) -> Flow {
    var candidate = flow
    while owner(of: candidate) != worker { candidate.clientPort += 1 }
    return candidate
  }
}

extension [UInt8] {
  /// Network-order 32-bit words as numbers.
  var hostWords: [UInt32] {
    stride(from: 0, to: count, by: 4).map { place in
      self[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
  }
}

extension WorkerBench {
  /// A handshake that the appliance sees: the session is live afterwards.
  func establish(
    _ flow: Flow, slot: Int, worker: Int = 0, state: SessionState = .live,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    inject(flow.syn, on: flow.frontPort, worker: worker)
    inject(flow.synAck(slot), on: flow.backPort, worker: worker)
    inject(flow.ack, on: flow.frontPort, worker: worker)
    let isLive = sessions.contains { $0.clientPort == flow.clientPort && $0.state == state }
    #expect(isLive, "the handshake made no \(state) session", sourceLocation: sourceLocation)
  }

  /// The same of UDP.
  func converse(_ flow: Flow, slot: Int, worker: Int = 0) {
    inject(flow.query(), on: flow.frontPort, worker: worker)
    inject(flow.answer(slot), on: flow.backPort, worker: worker)
    inject(flow.query(), on: flow.frontPort, worker: worker)
  }
}
