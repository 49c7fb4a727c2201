import CDPDKShim
import Dataplane
import Labels
import Wire

/// Two workers at the same time, each on its processor with its queue, beside rounds of the first
/// alone with the other asleep.
///
/// Both begin each 512 packets at the same time; each is timed by its own cycle counter until it has
/// sent as many.
package final class WorkersRun {
  /// `workers.NAME`.
  enum Variant: String, CaseIterable {
    /// Labels of the worker's own pairs, of the other's, of both.
    case own, other, mixed
    /// Every labelled packet comes to worker 0; worker 1 polls an empty queue.
    case oneQueue = "one-queue"
    /// Unlabelled packets on their owner's queue.
    case session

    var isLabelled: Bool { self != .session }

    var traffic: WorkerLane.Traffic {
      switch self {
      case .own, .oneQueue, .session: .own
      case .other: .other
      case .mixed: .both
      }
    }
  }

  package struct Measurement: Sendable {
    /// Nanoseconds a packet and round: of worker 0 alone, and of each worker beside the other.
    package var alone: [Double] = []
    package var workers: [[Double]] = [[], []]
    package var packets = 0
    /// Hugepages and lines about memory.
    package var environment = CaseMeasurement()

    /// Packets a second of both workers, a value a round.
    package var packetsPerSecond: [Double] {
      workers[0].indices.map { round in
        workers.reduce(0) { $1.isEmpty ? $0 : $0 + 1e9 / $1[round] }
      }
    }
  }

  private let options: MeasurementOptions
  private let variant: Variant
  private let rig: Rig
  private let lanes: [WorkerLane]
  private let processors: [Int]
  private let meeting = Meeting()
  private var before: Books?
  private var environment = CaseMeasurement()

  /// Starts DPDK: one case a process.
  package init(_ options: MeasurementOptions) throws(BenchFailure) {
    guard let variant = Variant(rawValue: String(options.name.drop { $0 != "." }.dropFirst()))
    else { throw BenchFailure("no case is called \(options.name)", code: 1) }
    self.options = options
    self.variant = variant
    let available = (0..<1024).filter { shim_cpu_allowed(UInt32($0)) }
    guard available.count >= 2 else {
      throw BenchFailure("two workers need two processors and there is one", code: 2)
    }
    // With three or more the first is the manager's.
    processors = Array(available.dropFirst(available.count > 2 ? 1 : 0).prefix(2))
    environment.hasOwnCore = available.count > 2
    var setup = Setup(devices: ["net_ring0"])
    setup.workers = 2
    setup.hugePages = Setup.HugePages(rawValue: options.hugePages) ?? .auto
    setup.clientsAreLabelled = variant.isLabelled
    setup.sessions = max(1 << 20, options.n + options.n / 8)
    let rig = try Rig(setup, isRing: true)
    self.rig = rig
    environment.lines = rig.appliance.startLines
    let flows = Self.flows(rig.appliance, count: options.n)
    lanes = try [0, 1].map { worker throws(BenchFailure) in
      try WorkerLane(
        rig, worker: worker, flows: flows[worker], isLabelled: variant.isLabelled)
    }
  }

  /// The first n flows that each worker owns, with the labels that they will get: the k-th the
  /// worker's k-th pair.
  private static func flows(_ appliance: Appliance, count: Int) -> [[WorkerLane.Flow]] {
    var flows: [[WorkerLane.Flow]] = [[], []]
    let firstPairs = [0, 1].map {
      LabelSwitchTable.ownerRange(
        firstPair: appliance.options.firstPair, pairCount: appliance.options.pairCount,
        worker: $0, workers: 2
      ).lowerBound
    }
    let vip = Hosts.vip.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    var number = UInt32(0)
    while flows.contains(where: { $0.count < count }), number < 1 << 24 {
      let owner = appliance.owner(
        source: IPAddress(ipv4Word: (10 << 24 | number).byteSwapped),
        destination: IPAddress(ipv4Word: vip.byteSwapped),
        ports: (1024 + number % 64_000) << 16 | UInt32(Hosts.udpPort))
      if flows[owner].count < count {
        let pair = firstPairs[owner] + UInt32(flows[owner].count)
        flows[owner].append(WorkerLane.Flow(number: number, label: SessionLabel.c2s(pair)))
      }
      number += 1
    }
    return flows
  }

  package func run() throws(BenchFailure) -> Measurement {
    try rig.begin()
    try WorkerCore.runPair(processors: processors, measure)
    let measurement = try result()
    rig.appliance.stop()
    return measurement
  }

  private func result() throws(BenchFailure) -> Measurement {
    let packets = lanes.reduce(0) { $0 + $1.done }
    let lost = lanes.reduce(0) { $0 + $1.lost }
    try before.unsafelyUnwrapped.check(
      Books(rig.appliance), variant.isLabelled ? .switched(popped: false) : .known,
      packets: packets)
    guard lost == 0 else { throw BenchFailure("\(lost) packets were lost", code: 1) }
    var measurement = Measurement()
    measurement.alone = lanes[0].alone
    measurement.workers = lanes.map(\.together)
    measurement.packets = packets
    measurement.environment = environment
    return measurement
  }

  private var fillsOfRound: Int {
    (options.packets + WorkerLane.packets - 1) / WorkerLane.packets
  }

  // MARK: On both workers' processors

  private func measure(_ worker: Int) throws(BenchFailure) {
    let lane = lanes[worker]
    let appliance = rig.appliance
    defer { meeting.leave(worker) }
    appliance.join(worker: worker)
    defer { appliance.leave(worker: worker) }
    try lane.populate()
    meeting.meet(worker, sleeps: true)
    if worker == 0 {
      guard appliance.sessionCount == 2 * options.n, appliance.pairCounts.live == 2 * options.n
      else {
        throw BenchFailure(
          "\(appliance.sessionCount) sessions and \(appliance.pairCounts.live) live pairs were made"
            + " of \(2 * options.n)", code: 1)
      }
      before = Books(appliance)
    }
    // The first round warms up.
    for round in 0...options.rounds {
      meeting.meet(worker, sleeps: true)
      if worker == 0 {
        let time = try alone(lane)
        if round > 0 { lane.alone.append(time) }
      }
      meeting.meet(worker, sleeps: true)
      let time = try together(lane)
      if round > 0, let time { lane.together.append(time) }
    }
    meeting.meet(worker, sleeps: true)
  }

  private func alone(_ lane: WorkerLane) throws(BenchFailure) -> Double {
    var cycles: UInt64 = 0
    for _ in 0..<fillsOfRound {
      try lane.fill(.own, lanes[1])
      cycles &+= lane.turn()
      lane.drain()
    }
    return MeasuredTurns.nanoseconds(cycles) / Double(fillsOfRound * WorkerLane.packets)
  }

  private func together(_ lane: WorkerLane) throws(BenchFailure) -> Double? {
    let isIdle = variant == .oneQueue && lane.worker == 1
    let other = lanes[1 - lane.worker]
    var cycles: UInt64 = 0
    for _ in 0..<fillsOfRound {
      if !isIdle { try lane.fill(variant.traffic, other) }
      meeting.meet(lane.worker)
      if isIdle {
        rig.appliance.turn(worker: lane.worker, times: 100)
      } else {
        cycles &+= lane.turn()
      }
      meeting.meet(lane.worker)
      if !isIdle { lane.drain() }
    }
    guard !isIdle else { return nil }
    return MeasuredTurns.nanoseconds(cycles) / Double(fillsOfRound * WorkerLane.packets)
  }
}
