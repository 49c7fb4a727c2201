import Balancing
import CDPDKShim
import Labels
import Sessions
import Snapshots
import Wire

/// What the manager reads of the workers while they run. Counters are read whole, one by one, so sums
/// of different ones may be a packet apart; session records are copied under their version.
extension Appliance {
  /// Every counter's name and value of one worker, in the order of `Counter.places`.
  public func counters(worker: Int) -> [(name: String, value: UInt64)] {
    Counter.places.map { name, place in
      (name, shim_read64(workers[worker].counters + place))
    }
  }

  /// The same, summed over all workers.
  public func counters() -> [(name: String, value: UInt64)] {
    Counter.places.map { name, place in
      let sum = (0..<options.workers).reduce(UInt64(0)) { sum, worker in
        sum &+ shim_read64(workers[worker].counters + place)
      }
      return (name, sum)
    }
  }

  public var receivedPackets: UInt64 {
    (0..<options.workers).reduce(0) { sum, worker in
      sum &+ shim_read64(workers[worker].counters + Counter.rxPackets.rawValue)
    }
  }

  public struct PairCounts: Sendable {
    public var capacity = 0
    public var free = 0
    public var embryonic = 0
    public var live = 0
    public var closing = 0
    public var quarantined = 0
  }

  public var pairCounts: PairCounts {
    var counts = PairCounts()
    counts.capacity = Int(options.pairCount)
    for worker in 0..<options.workers {
      counts.free += Int(workers[worker].labels.free)
      counts.embryonic += Int(workers[worker].labels.embryonic)
      counts.live += Int(workers[worker].labels.live)
      counts.closing += Int(workers[worker].labels.closing)
      counts.quarantined += Int(workers[worker].labels.quarantined)
    }
    return counts
  }

  public var sessionCount: Int {
    (0..<options.workers).reduce(0) { $0 + workers[$1].sessions.count }
  }

  /// Those that are not closing, as of a service's.
  public func sessions(server slot: UInt32) -> UInt32 { shared.loads.serverSessions(slot) }
  /// Whether no session, closing or not, refers to the server's slot.
  public func isUnused(server slot: UInt32) -> Bool { shared.loads.isUnused(server: slot) }
  public func totalSessions(server slot: UInt32) -> UInt64 { shared.loads.serverTotal(slot) }
  public func sessions(service slot: UInt32) -> UInt32 { shared.loads.serviceSessions(slot) }
  public func refused(service slot: UInt32) -> UInt64 { shared.loads.refused(slot) }
  public func refused(service slot: UInt32, _ verdict: AdmissionVerdict) -> UInt64 {
    shared.loads.refused(slot, verdict)
  }

  /// A server's time from request to response, as the sessions tell whose requests are timed; nil if
  /// they tell nothing, or nothing of late.
  public func responseTime(server slot: UInt32) -> ResponseTimes.Average? {
    shared.responseTimes.average(server: slot, now: tick)
  }

  /// The same from SYN to SYN-ACK, over all sessions.
  public func networkTime(server slot: UInt32) -> ResponseTimes.Average? {
    shared.networkTimes.average(server: slot, now: tick)
  }

  private var tick: UInt32 {
    UInt32(truncatingIfNeeded: shared.clock.nanoseconds() >> Settings.tickShift)
  }

  /// Forgets a server's times. Only of a server that no session of any worker refers to.
  public func forgetTimes(server slot: UInt32) {
    shared.responseTimes.forget(server: slot)
    shared.networkTimes.forget(server: slot)
  }

  public struct SessionView: Sendable {
    public var record: SessionRecord
    /// Seconds since the first and the last packet, labelled ones included.
    public var age: Double
    public var idle: Double
  }

  /// Copies of up to `limit` sessions, in the order in which they lie.
  public func sessions(limit: Int) -> [SessionView] {
    var views: [SessionView] = []
    let tick = tick
    for worker in 0..<options.workers {
      let top = Int(workers[worker].sessions.highWater)
      var left = workers[worker].sessions.count
      var place = 0
      while left > 0, views.count < limit, place < top {
        if let record = copySession(worker, place) {
          views.append(view(record, tick, worker))
          left -= 1
        }
        place += 1
      }
    }
    return views
  }

  /// A session's record, whose key is one session's; nil if there is none or it is changing hands.
  private func copySession(_ worker: Int, _ place: Int) -> SessionRecord? {
    let record = workers[worker].sessions.records + place
    let version = shim_load_acquire32(&record.pointee.version)
    guard version != 0 else { return nil }
    let copy = record.pointee
    shim_fence_acquire()
    return shim_load_acquire32(&record.pointee.version) == version ? copy : nil
  }

  private func view(
    _ record: SessionRecord, _ tick: UInt32, _ worker: Int
  ) -> SessionView {
    var last = record.lastSeen
    if record.pair != noIndex {
      let givenAt = workers[worker].labels.givenAt(of: record.pair)
      let activity = shared.stamps.lastActivity(pair: record.pair, notBefore: givenAt)
      if let latest = activity.latest, Int32(bitPattern: latest &- last) > 0 { last = latest }
    }
    var record = record
    // What the session is to its hosts.
    if record.state == .sampled { record.state = .live }
    let seconds = Double(Settings.tickNanoseconds) / 1e9
    return SessionView(
      record: record, age: Double(max(0, Int32(bitPattern: tick &- record.startedAt))) * seconds,
      idle: Double(max(0, Int32(bitPattern: tick &- last))) * seconds)
  }

  public struct PairView: Sendable {
    public var pair: UInt32
    public var state: LabelState
    public var worker: Int
    public var generation: UInt32
    /// The ports towards the server and towards the client: each direction goes in by the one and
    /// out by the other.
    public var serverPort: Int
    public var clientPort: Int
  }

  /// Up to `limit` pairs that labels may be given or switched for, in the order of their labels.
  public func pairs(limit: Int) -> [PairView] {
    var views: [PairView] = []
    let counts = pairCounts
    var left = counts.embryonic + counts.live + counts.closing
    var pair = options.firstPair
    let end = pair + options.pairCount
    while pair < end, left > 0, views.count < limit {
      let c2s = shared.labelTable.load(label: SessionLabel.c2s(pair))
      if c2s.state != .none {
        let s2c = shared.labelTable.load(label: SessionLabel.s2c(pair))
        let worker = Int(shared.labelTable.owner(of: pair, workers: UInt32(options.workers)))
        views.append(
          PairView(
            pair: pair, state: state(of: pair, c2s, worker: worker), worker: worker,
            generation: workers[worker].labels.generation(of: pair), serverPort: Int(c2s.port),
            clientPort: Int(s2c.port)))
        left -= 1
      }
      pair += 1
    }
    return views
  }

  /// A pair's own state: its words are an embryonic one's too while all of its packets are analysed.
  private func state(of pair: UInt32, _ entry: LabelEntry, worker: Int) -> LabelState {
    let own = workers[worker].labels.state(of: pair)?.labelState ?? .none
    return own == .none ? entry.state : own
  }
}
