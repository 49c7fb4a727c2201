import Balancing
import CDPDKShim
import Labels
import Sessions
import Snapshots
import Wire

/// The data plane as its manager holds it: devices, workers and what they share.
///
/// Not thread-safe: one thread, the manager, calls it. Workers never wait for that thread nor it for
/// them; it reads their counters and tables as they are.
public final class Appliance {
  public let options: ApplianceOptions
  public private(set) var devices: [Device] = []
  /// Lines for the log: memory, tables, what each port can do.
  public private(set) var startLines: [String] = []
  let workers: UnsafeMutablePointer<Worker>
  let shared: Shared
  let pool: OpaquePointer
  let usesHugePages: Bool
  /// Its memory, beside packet buffers and rings.
  let memory: Memory
  private var publication: Publication
  private var isRunning = false

  /// Starts DPDK, attaches and starts the devices and takes all memory. No worker runs yet.
  public init(_ options: ApplianceOptions) throws(ApplianceError) {
    self.options = options
    let poolBytes = shim_pool_bytes_per_buffer() * options.packetBuffers
    let choice = try Environment.start(options, poolBytes: poolBytes)
    startLines.append(choice.line)
    let cache: UInt32 = 256
    guard
      let pool = shim_pool_create(
        Environment.uniqueName("packets"), UInt32(options.packetBuffers), cache, -1,
        choice.hugePages)
    else {
      throw ApplianceError(
        "no memory for \(options.packetBuffers) packet buffers"
          + " (\(Environment.errorText(shim_errno()))): lower memory.mbufs or reserve huge pages")
    }
    self.pool = pool
    usesHugePages = choice.hugePages
    for port in options.ports {
      devices.append(try Device(port, workers: options.workers))
    }
    let entries = devices.map(\.redirectionEntries).filter { $0 > 0 }.min() ?? 128
    var memory = Memory(hugePages: choice.hugePages)
    shared = try Shared(
      options, devices: devices, memory: &memory, redirectionEntries: entries,
      isCrowded: choice.isCrowded)
    workers = try memory.take(Worker.self, count: options.workers, for: "workers")
    let sharedBytes = memory.taken
    for index in 0..<options.workers {
      let worker = try Worker(
        index, options: options, devices: devices, shared: shared, memory: &memory)
      (workers + index).initialize(to: worker)
    }
    for index in 0..<options.workers {
      for other in 0..<options.workers {
        workers[index].adjacencyTables[1 + other] = shared.learned[other]
      }
    }
    self.memory = memory
    publication = Publication(shared: shared)
    startLines.append(
      "tables: \(options.sessionsPerWorker) sessions a worker in"
        + " \(((memory.taken - sharedBytes) / options.workers) >> 20) MiB,"
        + " \(options.pairCount) label pairs, \(memory.taken >> 20) MiB in all")
    for index in devices.indices {
      try devices[index].start(
        options.ports[index], pool: pool, redirectionEntries: entries, workers: options.workers)
      startLines.append(describe(devices[index]))
    }
  }

  private func describe(_ device: Device) -> String {
    "port \(device.name): \(device.device), driver \(device.driver),"
      + " MAC \(MACAddress(word: device.mac)), \(device.rxQueues) RX and \(device.txQueues) TX"
      + " queues, link \(device.link.text), MTU \(device.mtu); \(device.abilities.text)"
  }

  /// Makes a snapshot the one that workers read from their next loop on. The former one is freed when
  /// no worker can read it any more; see `reclaim`.
  public func publish(_ contents: SnapshotContents) { publish(contents.build()) }

  func publish(_ snapshot: Snapshot) {
    publication.publish(snapshot)
    if !isRunning {
      for index in 0..<options.workers { workers[index].adopt(snapshot) }
    }
  }

  /// Frees what no worker reads any more. To be called now and then.
  public func reclaim() { publication.reclaim() }

  /// The number of snapshots that wait to be freed.
  public var unreclaimed: Int { publication.retiredCount }

  /// The snapshot of a number, and all before it, are read by no worker any more.
  public func isPast(snapshot number: UInt64) -> Bool { publication.isPast(number) }

  /// Launches the workers. A snapshot must have been published.
  public func start() throws(ApplianceError) {
    isRunning = true
    for index in 0..<options.workers {
      guard shim_launch(runWorker, workers + index, UInt32(index + 1)) == 0 else {
        throw ApplianceError("worker \(index) does not start on lcore \(index + 1)")
      }
    }
  }

  /// Ends the workers and closes the devices, which completes their captures.
  public func stop() {
    stopWorkers()
    close()
  }

  /// Ends the workers.
  public func stopWorkers() {
    shared.stopping.pointee = 1
    if isRunning {
      for index in 0..<options.workers { _ = shim_wait(UInt32(index + 1)) }
    }
    isRunning = false
  }

  /// Closes the devices and gives DPDK's memory back. Only when the workers have ended.
  public func close() {
    for device in devices { shim_port_stop(device.port) }
    shim_eal_stop(!devices.contains(where: \.isHeardAfterItsEnd))
  }
}

extension Appliance {
  /// Processors that this process may run on.
  public static var availableProcessors: Int {
    (0..<1024).filter { shim_cpu_allowed(UInt32($0)) }.count
  }
}
