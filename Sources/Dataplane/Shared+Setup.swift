import Balancing
import CDPDKShim
import Labels
import Sessions
import Snapshots

extension Shared {
  private static let ringSize: UInt32 = 4096
  /// Of a sample of a server's response time, in nanoseconds.
  private static let responseHalfLife: UInt64 = 5_000_000_000
  static let orderRingSize: UInt32 = 256
  static let kernelRingSize: UInt32 = 1024

  init(
    _ options: ApplianceOptions, devices: [Device], memory: inout Memory, redirectionEntries: Int,
    isCrowded: Bool
  ) throws(ApplianceError) {
    let count = options.workers
    workers = count
    portCount = devices.count
    // On cache lines of their own: every worker reads them every loop.
    published = try memory.take(UInt64.self, count: 8, for: "the snapshot pointer")
    stopping = try memory.take(UInt32.self, count: 16, for: "the stop flag")
    guard let qsbr = shim_qsbr_create(UInt32(count)) else {
      throw ApplianceError("no memory for the workers' quiescent states")
    }
    quiescence = qsbr
    labelTable = LabelSwitchTable(
      memory: try memory.take(
        LabelSwitchTable.byteCount(pairCount: options.pairCount), for: "the label switch table"),
      firstPair: options.firstPair, pairCount: options.pairCount)
    stamps = ActivityStamps(
      memory: try memory.take(
        ActivityStamps.byteCount(pairCount: options.pairCount, workers: UInt32(count)),
        for: "activity stamps"),
      firstPair: options.firstPair, pairCount: options.pairCount, workers: UInt32(count))
    loads = LoadTable(
      memory: try memory.take(
        LoadTable.byteCount(
          workers: count, servers: options.serverSlots, services: options.serviceSlots),
        for: "server loads"),
      workers: count, servers: options.serverSlots, services: options.serviceSlots)
    func times() throws(ApplianceError) -> ResponseTimes {
      ResponseTimes(
        memory: try memory.take(
          ResponseTimes.byteCount(workers: count, servers: options.serverSlots),
          for: "response times"),
        workers: count, servers: options.serverSlots,
        halfLife: Settings.ticks(nanoseconds: Self.responseHalfLife))
    }
    responseTimes = try times()
    networkTimes = try times()
    admissionMemory = try memory.take(
      Admission.byteCount(workers: count, services: options.serviceSlots), for: "admission")
    var random = SystemRandomNumberGenerator()
    clientRates = ClientRates(
      memory: try memory.take(
        ClientRates.byteCount(clients: options.limitedClients), for: "limits of clients"),
      clients: options.limitedClients, secret0: random.next(), secret1: random.next())
    let secrets = options.secrets ?? (0..<3).map { _ in random.next() }
    guardDigest = LabelGuard(secret: secrets[0])
    sessionHash = SessionHash(secret0: secrets[1], secret1: secrets[2])
    scaling = ReceiveSideScaling(
      memory: try memory.take(ReceiveSideScaling.tableBytes, for: "receive side scaling"),
      entries: redirectionEntries, workers: count)
    rings = try memory.take(OpaquePointer?.self, count: count * count, for: "rings")
    orders = try memory.take(OpaquePointer?.self, count: count, for: "rings")
    for from in 0..<count {
      for to in 0..<count where from != to {
        rings[from * count + to] = try Self.ring(Self.ringSize)
      }
      orders[from] = try Self.ring(Self.orderRingSize)
    }
    hasTwins = options.ports.contains { $0.hasTwin }
    toKernel = try memory.take(OpaquePointer?.self, count: count, for: "rings")
    kernelReturns = try memory.take(OpaquePointer?.self, count: count, for: "rings")
    if hasTwins {
      for worker in 0..<count {
        toKernel[worker] = try Self.ring(Self.kernelRingSize)
        // Whatever the kernel path holds finds room.
        kernelReturns[worker] = try Self.ring(Self.kernelRingSize * 2)
      }
    }
    fromKernel = hasTwins ? try Self.ring(Self.kernelRingSize) : nil
    clock = CycleClock(hertz: rte_get_tsc_hz())
    yieldsWhenIdle = isCrowded
    learned = try memory.take(UnsafePointer<Adjacency>.self, count: count, for: "next hops")
  }

  private static func ring(_ size: UInt32) throws(ApplianceError) -> OpaquePointer {
    guard let ring = shim_ring_create(size) else {
      throw ApplianceError("no memory for the rings between workers: lower workers")
    }
    return ring
  }
}
