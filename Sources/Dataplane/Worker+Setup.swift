import Balancing
import CDPDKShim
import Labels
import Sessions
import Snapshots

extension Worker {
  init(
    _ index: Int, options: ApplianceOptions, devices: [Device], shared: Shared,
    memory: inout Memory
  ) throws(ApplianceError) {
    self.index = index
    self.shared = shared
    let purpose = "worker \(index)"
    counters = try memory.take(UInt64.self, count: Counter.blockSize, for: purpose)
    burst = try memory.take(OpaquePointer?.self, count: Self.burstSize, for: purpose)
    looks = try memory.take(Look.self, count: Self.burstSize, for: purpose)
    frameHead = try memory.take(UInt64.self, count: 4, for: purpose)
    expired = try memory.take(UInt32.self, count: Self.expiredAtOnce, for: purpose)
    fragmentScratch = try memory.take(
      OpaquePointer?.self, count: PacketList.capacity, for: purpose)
    kernelLimits = try memory.take(
      KernelLimit.self, count: devices.count * KernelLimit.countOfPort, for: purpose)
    kernelRing = shared.toKernel[index]
    discards = try PacketList(&memory)

    let queues = devices.enumerated().flatMap { portIndex, device in
      (0..<device.rxQueues).filter { $0 % shared.workers == index }.map { queue in
        (
          port: device.port, queue: UInt16(queue), completes: device.abilities.hasPartialChecksums,
          portIndex: portIndex
        )
      }
    }
    polls = try memory.take(
      (port: UInt16, queue: UInt16, completes: Bool, portIndex: Int).self, count: queues.count,
      for: purpose)
    for (place, queue) in queues.enumerated() { polls[place] = queue }
    pollCount = queues.count

    devicePorts = try memory.take(UInt16.self, count: devices.count, for: purpose)
    transmit = try memory.take(PacketList.self, count: devices.count, for: purpose)
    for (place, device) in devices.enumerated() {
      devicePorts[place] = device.port
      var list = try PacketList(&memory)
      if device.txQueues == 0 {
        throw ApplianceError("port \(device.name): device \(device.device) has no TX queue")
      }
      list.queue = UInt16(index % device.txQueues)
      list.through = index < device.txQueues ? -1 : index % device.txQueues
      (transmit + place).initialize(to: list)
    }
    handovers = try memory.take(PacketList.self, count: shared.workers, for: purpose)
    for place in 0..<shared.workers {
      (handovers + place).initialize(to: try PacketList(&memory))
    }

    stampArray = shared.stamps.array(worker: UInt32(index))
    adjacencyTables = try memory.take(
      UnsafePointer<Adjacency>.self, count: 256, for: purpose)
    nextHops = NextHopTable(memory: try memory.take(NextHopTable.byteCount, for: purpose))
    shared.learned[index] = UnsafePointer(nextHops.adjacencies)
    statelessSYNs = try memory.take(UInt32.self, count: options.serviceSlots, for: purpose)
    clientHops = ClientHopCache(memory: try memory.take(ClientHopCache.byteCount, for: purpose))
    fragments = FragmentTable(memory: try memory.take(FragmentTable.byteCount, for: purpose))
    trace = try memory.take(TraceControl.self, count: 1, for: purpose)
    trace.initialize(to: TraceControl())

    // Never read: a snapshot is published before the first packet.
    snapshot = SnapshotContents().build()
    let pairs = LabelSwitchTable.ownerRange(
      firstPair: options.firstPair, pairCount: options.pairCount, worker: UInt32(index),
      workers: UInt32(shared.workers))
    labels = LabelManager(
      memory: try memory.take(
        LabelManager.byteCount(pairCount: UInt32(pairs.count)), for: "label pairs"),
      table: shared.labelTable, pairs: pairs,
      startAt: options.firstGiven == .lowest
        ? pairs.lowerBound : pairs.randomElement() ?? pairs.lowerBound,
      embryonicShare: options.embryonicShare)
    sessions = SessionTable(
      memory: try memory.take(
        SessionTable.byteCount(capacity: options.sessionsPerWorker), for: "the session table"),
      capacity: options.sessionsPerWorker, hash: shared.sessionHash)
    probes = ProbeTable(
      entries: shared.hasTwins
        ? try memory.take(ProbeEntry.self, count: options.serverSlots, for: "health checks") : nil,
      capacity: shared.hasTwins ? UInt32(options.serverSlots) : 0)
    clock = shared.clock
    now = clock.nanoseconds()
    tick = UInt32(truncatingIfNeeded: now >> Settings.tickShift)
    timers = TimerWheel(
      memory: try memory.take(
        TimerWheel.byteCount(capacity: sessions.capacity), for: "timers"),
      capacity: sessions.capacity, now: tick)
    scheduler = Scheduler(
      memory: try memory.take(
        Scheduler.byteCount(servers: options.serverSlots, services: options.serviceSlots),
        for: "the scheduler"),
      worker: index, workers: shared.workers, servers: options.serverSlots,
      services: options.serviceSlots, seed: options.secrets?.first ?? .random(in: 1 ... .max))
    admission = Admission(
      memory: shared.admissionMemory, worker: index, workers: shared.workers,
      services: options.serviceSlots)
  }
}

extension PacketList {
  init(_ memory: inout Memory) throws(ApplianceError) {
    self.init(
      packets: try memory.take(
        OpaquePointer?.self, count: Self.capacity, for: "packet lists"))
  }
}
