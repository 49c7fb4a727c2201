import CDPDKShim
import Dataplane
import Glibc
import Sessions

/// One case on one device: makes the sessions, then alternates rounds of the worker's loop and of the
/// C loop on the worker's processor.
package final class CaseRun {
  private let options: MeasurementOptions
  private let scenario: Scenario
  private let rig: Rig
  private var traffic: Traffic
  private var clock = 1e9
  private var measurement = CaseMeasurement()
  /// What was written for the worker's rounds alone.
  private var labelled: UInt64 = 0
  private var strangers: UInt64 = 0
  /// 1 while the manager is to do what disturbs.
  private let isDisturbing: UnsafeMutablePointer<UInt32>
  /// Snapshots that it has published meanwhile.
  private let publications: UnsafeMutablePointer<UInt32>
  private var reloads = 0

  /// Starts DPDK: one case a process.
  package init(_ options: MeasurementOptions) throws(BenchFailure) {
    self.options = options
    // Afterwards DPDK has pinned this thread.
    measurement.hasOwnCore = Appliance.availableProcessors > 1
    let isTwoArm = options.name == "switch.guard-port"
    let stem = options.isRing ? "net_ring" : "net_pcap"
    var devices = (0...(isTwoArm ? 1 : 0)).map { "\(stem)\($0)" }
    if !options.isRing {
      devices = devices.enumerated().map { place, device in
        "\(device),rx_pcap=\(options.folder)/\(place).pcap,infinite_rx=1"
      }
    }
    var scenario = try Scenario(options.name, n: options.n, devices: devices)
    scenario.setup.hugePages = Setup.HugePages(rawValue: options.hugePages) ?? .auto
    traffic = Traffic(scenario.streams)
    if !options.isRing {
      try Self.writeCaptures(&traffic, options, count: devices.count)
      // The driver holds the captures in the pool's buffers.
      scenario.setup.packetBuffers += devices.count * options.n
    }
    self.scenario = scenario
    try Self.checkMemory(scenario)
    rig = try Rig(scenario.setup, isRing: options.isRing)
    isDisturbing = .allocate(capacity: 1)
    isDisturbing.initialize(to: 0)
    publications = .allocate(capacity: 1)
    publications.initialize(to: 0)
    measurement.lines = rig.appliance.startLines
  }

  /// Each flow once in random order: with one device in either direction, with two in each.
  private static func writeCaptures(
    _ traffic: inout Traffic, _ options: MeasurementOptions, count: Int
  ) throws(BenchFailure) {
    var random = SplitMix()
    for place in 0..<count {
      let flows = (0..<UInt32(options.n)).shuffled(using: &random)
      var next = flows.startIndex
      try CaptureFile.write("\(options.folder)/\(place).pcap", count: flows.count) { frame in
        next += 1
        return traffic.frame(of: flows[next - 1], stream: count == 1 ? nil : place, to: frame)
      }
    }
  }

  private static func checkMemory(_ scenario: Scenario) throws(BenchFailure) {
    let needed =
      SessionTable.byteCount(capacity: scenario.setup.sessions)
      + scenario.setup.packetBuffers * 2432 + 256 << 20
    let available = Int(shim_memory_available())
    guard available == 0 || needed < available else {
      throw BenchFailure(
        "\(needed >> 20) MiB are needed for \(scenario.setup.sessions) sessions and"
          + " \(available >> 20) MiB are available; choose a smaller n", code: 2)
    }
  }

  package func run() throws(BenchFailure) -> CaseMeasurement {
    try rig.begin()
    try WorkerCore.run(measure, meanwhile: manage)
    rig.appliance.stop()
    return measurement
  }

  // MARK: On the worker's processor

  private func measure() throws(BenchFailure) {
    rig.appliance.join(worker: 0)
    defer { rig.appliance.leave(worker: 0) }
    if scenario.step != nil {
      // A turn reads the clock. Not of a replayed capture: it would bring packets.
      rig.appliance.setClock(worker: 0, nanoseconds: UInt64(clock))
      rig.appliance.turn(worker: 0, times: 1)
    }
    try rig.populate(scenario.populated, isIPv6: scenario.isIPv6)
    try warmUp()
    let before = Books(rig.appliance)
    labelled = 0
    strangers = 0
    measurement.packets = 0
    measurement.lost = 0
    for _ in 0..<options.rounds {
      if !options.isCounting { measurement.macswap.append(try macswap()) }
      if scenario.disturbance != .none {
        measurement.undisturbed.append(try worker(packets: options.packets))
      }
      measurement.worker.append(try disturbed())
    }
    try before.check(
      Books(rig.appliance), scenario.expectation, packets: measurement.packets,
      labelled: Int(labelled), strangers: Int(strangers))
    guard measurement.lost == 0 else {
      throw BenchFailure("\(measurement.lost) packets were lost", code: 1)
    }
    measurement.publications = Int(shim_load_acquire32(publications))
  }

  /// A round that the manager disturbs, where it does: at least once.
  private func disturbed() throws(BenchFailure) -> Double {
    guard scenario.disturbance != .none else { return try worker(packets: options.packets) }
    let former = shim_load_acquire32(publications)
    shim_store_release32(isDisturbing, 1)
    defer { shim_store_release32(isDisturbing, 0) }
    return try worker(packets: options.packets) {
      shim_load_acquire32(self.publications) != former
    }
  }

  /// Not through `MeasuredTurns`, whose instructions may be counted.
  private func warmUp() throws(BenchFailure) {
    var done = 0
    while done < scenario.warmUp {
      try prepare(isForWorker: true)
      rig.appliance.turn(worker: 0, times: rig.turnsPerFill)
      _ = rig.drain()
      done += Rig.packets
    }
  }

  /// A round of the worker's loop.
  ///
  /// - Parameter isEnough: whether so many packets do
  /// - Returns: nanoseconds a packet
  private func worker(
    packets: Int, isEnough: () -> Bool = { true }
  ) throws(BenchFailure) -> Double {
    var cycles: UInt64 = 0
    var done = 0
    let times = options.isRing ? rig.turnsPerFill : 64
    while done < packets || !isEnough() {
      try prepare(isForWorker: true)
      cycles &+= MeasuredTurns.worker(rig.appliance, times: times)
      done += times * rig.packetsPerTurn
      if options.isRing { measurement.lost += rig.drain() }
    }
    measurement.packets += done
    return MeasuredTurns.nanoseconds(cycles) / Double(done)
  }

  /// The same of the C loop.
  private func macswap() throws(BenchFailure) -> Double {
    var cycles: UInt64 = 0
    var done = 0
    let times = options.isRing ? rig.turnsPerFill : 64
    while done < options.packets {
      try prepare(isForWorker: false)
      let (taken, received) = MeasuredTurns.macswap(rig.ports, times: times)
      cycles &+= taken
      done += received
      guard received == times * rig.packetsPerTurn else {
        throw BenchFailure("the C loop received \(received) packets in \(times) turns", code: 1)
      }
      if options.isRing { measurement.lost += rig.drain() }
    }
    return MeasuredTurns.nanoseconds(cycles) / Double(done)
  }

  private func prepare(isForWorker: Bool) throws(BenchFailure) {
    guard options.isRing else { return }
    let before = (traffic.sent(where: \.kind.isLabelled), traffic.sent(where: \.isSequential))
    try rig.fill(&traffic)
    guard isForWorker else { return }
    labelled += traffic.sent(where: \.kind.isLabelled) - before.0
    strangers += traffic.sent(where: \.isSequential) - before.1
    if let step = scenario.step {
      clock += step * Double(Rig.packets)
      rig.appliance.setClock(worker: 0, nanoseconds: UInt64(clock))
    }
  }

  // MARK: On the manager's processor

  private func manage() throws(BenchFailure) {
    guard shim_load_acquire32(isDisturbing) == 1 else {
      usleep(500)
      return
    }
    switch scenario.disturbance {
    case .none: break
    case .snapshots:
      rig.publish()
      usleep(10_000)
    case .reloads:
      reloads += 1
      var setup = scenario.setup
      setup.idleWeight = 1 + reloads % 2
      try rig.reload(setup)
    }
    shim_store_release32(publications, shim_load_acquire32(publications) + 1)
  }
}
