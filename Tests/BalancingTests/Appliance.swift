import Balancing
import Snapshots
import TestSupport

/// One service and its servers, with a scheduler a worker. Servers lie in the slots 7, 10, 13, ..., so
/// that a slot is never mistaken for an index.
final class Appliance {
  static let service: UInt32 = 3
  static let services = 4

  var service = ServiceRecord()
  var servers: [UInt32: ServerRecord] = [:]
  var order: [UInt32] = []
  var names: [UInt32: String] = [:]
  private(set) var snapshot = SnapshotContents().build()
  let loads: LoadTable
  var schedulers: [Scheduler] = []
  private var memory: [Memory] = []

  /// - Parameter weights: one for each server
  init(_ algorithm: Algorithm, weights: [UInt32], workers: Int = 1) {
    let slots = 7 + 3 * weights.count
    let shared = Memory(
      LoadTable.byteCount(workers: workers, servers: slots, services: Self.services))
    loads = LoadTable(
      memory: shared.base, workers: workers, servers: slots, services: Self.services)
    memory = [shared]
    for worker in 0..<workers {
      let own = Memory(Scheduler.byteCount(servers: slots, services: Self.services))
      memory.append(own)
      schedulers.append(
        Scheduler(
          memory: own.base, worker: worker, workers: workers, servers: slots,
          services: Self.services, seed: 1))
    }
    service.inUse = true
    service.algorithm = algorithm
    for (index, weight) in weights.enumerated() {
      var server = ServerRecord()
      server.inUse = true
      server.serviceSlot = Self.service
      server.adjacency = UInt32(index)
      server.weight = weight
      let slot = Self.slot(index)
      servers[slot] = server
      names[slot] = "server\(index)"
      order.append(slot)
    }
    publish()
  }

  deinit { snapshot.free(poison: true) }

  static func slot(_ index: Int) -> UInt32 { UInt32(7 + 3 * index) }
  static func index(_ slot: UInt32) -> Int { (Int(slot) - 7) / 3 }

  /// Builds the snapshot anew from what stands in the properties. The Maglev table has all servers
  /// with a weight in it, whatever their state.
  func publish() {
    var contents = SnapshotContents()
    contents.number = snapshot.number + 1
    contents.servers = Array(repeating: ServerRecord(), count: 7 + 3 * servers.count)
    for (slot, server) in servers { contents.servers[Int(slot)] = server }
    // What belongs to other services, so that offsets matter.
    contents.serverSlots = [0, 1, 2] + order
    contents.maglevEntries = [0, 0, 0, 0, 0]
    service.firstServer = 3
    service.serverCount = UInt32(order.count)
    let table = MaglevTable.build(
      names: order.map { names[$0]! }, weights: order.map { servers[$0]!.weight }, size: 6551)
    service.maglevOffset = 5
    service.maglevSize = UInt32(table.count)
    contents.maglevEntries += table
    contents.services = Array(repeating: ServiceRecord(), count: Self.services)
    contents.services[Int(Self.service)] = service
    snapshot.free(poison: true)
    snapshot = contents.build()
  }

  /// Changes one server and publishes.
  func change(_ index: Int, _ edit: (inout ServerRecord) -> Void) {
    edit(&servers[Self.slot(index)]!)
    publish()
  }

  var record: UnsafePointer<ServiceRecord> { snapshot.services + Int(Self.service) }

  /// The index of the server that a worker chooses, or nil; counts nothing.
  func choose(worker: Int = 0, hash: UInt64 = 0) -> Int? {
    let slot = schedulers[worker].choose(
      service: Self.service, record: record, snapshot: snapshot, loads: loads, hash: hash)
    return slot == noIndex ? nil : Self.index(slot)
  }

  /// As `choose`, and the session begins.
  func begin(worker: Int = 0, hash: UInt64 = 0) -> Int? {
    let index = choose(worker: worker, hash: hash)
    if let index { add(index, worker: worker) }
    return index
  }

  /// A session begins, of whatever choice.
  func add(_ index: Int, worker: Int = 0) {
    let slot = Self.slot(index)
    loads.addSession(worker: worker, server: slot, service: Self.service)
    schedulers[worker].noteSessions(server: slot, service: Self.service, loads: loads)
  }

  func end(_ index: Int, worker: Int = 0) {
    let slot = Self.slot(index)
    loads.closeSession(worker: worker, server: slot, service: Self.service)
    schedulers[worker].noteSessions(server: slot, service: Self.service, loads: loads)
  }

  func maglev(_ hash: UInt64) -> Int? {
    let slot = Scheduler.maglevServer(record: record, snapshot: snapshot, hash: hash)
    return slot == noIndex ? nil : Self.index(slot)
  }
}

/// How many of `flows` sessions each of `servers` servers gets.
func shares(_ flows: Int, of servers: Int, _ choose: (Int) -> Int?) -> [Int] {
  var counts = Array(repeating: 0, count: servers)
  for flow in 0..<flows {
    if let index = choose(flow) { counts[index] += 1 }
  }
  return counts
}

/// 64-bit numbers that look random, the same in every run (xorshift64*, Vigna 2016).
struct Numbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 2_685_821_657_736_338_717
  }
}
