import Balancing
import Snapshots

/// The balancing of an appliance: what its workers and its manager do with the Balancing module.
@safe final class Balancer {
  private static let service: UInt32 = 0
  /// Of response times: about five seconds.
  private static let halfLife: UInt32 = 300

  private var servers: [ServerRecord] = []
  private let configured: [UInt32]
  private let names: [String]
  private let algorithm: Algorithm
  private let slowStart: Double
  private var roseAt: [Double?]
  private var weights: [UInt32?]
  private var snapshot: Snapshot
  private var number: UInt64 = 0
  private var schedulers: [Scheduler] = []
  private let loads: LoadTable
  private let times: ResponseTimes
  private let memory: UnsafeMutableRawPointer
  private var tables: [[UInt32]: [UInt16]] = [:]

  init(_ scenario: Scenario, _ algorithm: Algorithm) {
    let count = scenario.servers.count
    let workers = scenario.workers
    configured = scenario.servers.map(\.weight)
    names = scenario.servers.map(\.name)
    self.algorithm = algorithm
    slowStart = scenario.slowStart
    roseAt = Array(repeating: nil, count: count)
    weights = Array(repeating: nil, count: count)
    let loadBytes = LoadTable.byteCount(workers: workers, servers: count, services: 1)
    let timeBytes = ResponseTimes.byteCount(workers: workers, servers: count)
    let schedulerBytes = Scheduler.byteCount(servers: count, services: 1)
    let bytes = loadBytes + timeBytes + workers * schedulerBytes
    unsafe memory = .allocate(byteCount: bytes, alignment: 64)
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    unsafe loads = LoadTable(memory: memory, workers: workers, servers: count, services: 1)
    unsafe times = ResponseTimes(
      memory: memory + loadBytes, workers: workers, servers: count, halfLife: Self.halfLife)
    for worker in 0..<workers {
      let place = loadBytes + timeBytes + worker * schedulerBytes
      unsafe schedulers.append(
        Scheduler(
          memory: memory + place, worker: worker, workers: workers, servers: count, services: 1,
          seed: scenario.seed))
    }
    snapshot = SnapshotContents().build()
    servers = scenario.servers.map { server in
      var record = ServerRecord()
      record.inUse = true
      record.serviceSlot = Self.service
      record.adjacency = 0
      record.weight = server.weight
      return record
    }
    publish(at: 0)
  }

  deinit {
    snapshot.free(poison: true)
    unsafe memory.deallocate()
  }

  /// The server of a new session, which begins; nil if none may take it.
  func begin(worker: Int, hash: UInt64) -> Int? {
    let slot = unsafe schedulers[worker].choose(
      service: Self.service, record: snapshot.services, snapshot: snapshot, loads: loads,
      hash: hash)
    guard slot != noIndex else { return nil }
    loads.addSession(worker: worker, server: slot, service: Self.service)
    schedulers[worker].noteSessions(server: slot, service: Self.service, loads: loads)
    return Int(slot)
  }

  func end(worker: Int, server: Int) {
    let slot = UInt32(server)
    loads.closeSession(worker: worker, server: slot, service: Self.service)
    loads.endSession(worker: worker, server: slot)
    schedulers[worker].noteSessions(server: slot, service: Self.service, loads: loads)
  }

  func answered(worker: Int, server: Int, after seconds: Double, at now: Double) {
    times.record(
      worker: worker, server: UInt32(server), microseconds: UInt32(min(seconds * 1e6, 1e7)),
      now: tick(now))
  }

  func set(_ health: ServerHealth, server: Int, at now: Double) {
    if health == .up, servers[server].health == .down { roseAt[server] = now }
    servers[server].health = health
    publish(at: now)
  }

  /// What the manager does each second: response times, weights of rt, slow start.
  func manage(at now: Double) {
    let averages = servers.indices.map { index in
      times.average(server: UInt32(index), now: tick(now))
    }
    for index in servers.indices {
      servers[index].responseTime = UInt32(averages[index]?.microseconds ?? 0)
    }
    if algorithm == .rt {
      let next = ResponseWeights.next(
        servers.indices.map { index in
          ResponseWeights.Server(
            weight: configured[index], response: averages[index], previous: weights[index])
        })
      for index in servers.indices {
        servers[index].weight = next[index]
        weights[index] = next[index]
      }
    }
    publish(at: now)
  }

  private func tick(_ now: Double) -> UInt32 {
    UInt32(now * 1e9 / Double(Settings.tickNanoseconds)) + 1
  }

  private func publish(at now: Double) {
    number += 1
    for index in servers.indices {
      let elapsed = roseAt[index].map { UInt64((now - $0) * 1e6) } ?? .max >> 16
      servers[index].ramp = SlowStart.ramp(
        elapsed: elapsed, duration: UInt64(slowStart * 1e6))
    }
    var service = ServiceRecord()
    service.inUse = true
    service.algorithm = algorithm
    service.serverCount = UInt32(servers.count)
    var contents = SnapshotContents()
    contents.number = number
    contents.servers = servers
    contents.serverSlots = servers.indices.map { UInt32($0) }
    if algorithm == .maglev {
      contents.maglevEntries = table()
      service.maglevSize = UInt32(contents.maglevEntries.count)
    }
    contents.services = [service]
    snapshot.free(poison: true)
    snapshot = contents.build()
  }

  private func table() -> [UInt16] {
    let weights = servers.indices.map { servers[$0].takesNewSessions ? configured[$0] : 0 }
    if let table = tables[weights] { return table }
    let table = MaglevTable.build(
      names: names, weights: weights, size: MaglevTable.standardSize)
    tables[weights] = table
    return table
  }
}
