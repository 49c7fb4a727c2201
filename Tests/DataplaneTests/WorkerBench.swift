import CDPDKShim
import Glibc
import Labels
import Snapshots
import Testing

@testable import Dataplane

/// An appliance whose workers are not launched: packets are put into their bursts and taken from
/// their send lists, by a clock that the test turns.
final class WorkerBench {
  let appliance: Appliance
  private(set) var network: Network
  private(set) var tick: UInt32 = 1000
  private var snapshotNumber: UInt64 = 0
  /// What went to kernel twins, by port.
  var kernelFrames: [Sent] = []

  /// A frame on a send list.
  struct Sent: Equatable {
    var port: Int
    var bytes: Bytes

    static func out(_ port: Int, _ packet: PacketBuilder) -> Sent {
      Sent(port: port, bytes: packet.bytes)
    }
  }

  nonisolated(unsafe) private static var deviceCount = 0

  /// One environment for all benches of the process, with as many lcores as any needs.
  private static let hasEnvironment: Bool = {
    var options = ApplianceOptions()
    options.workers = 4
    options.hugePages = .none
    return (try? Environment.start(options, poolBytes: 96 << 20)) != nil
  }()

  /// - Parameters:
  ///   - sessions: of a worker
  ///   - pairs: that labels may be given of, over all workers
  init(
    _ network: Network = .twoArmed, workers: Int = 1, sessions: Int = 64,
    pairs: Range<UInt32> = 8..<72
  ) throws {
    try #require(Self.hasEnvironment)
    var options = ApplianceOptions()
    options.workers = workers
    options.sessionsPerWorker = sessions
    options.hugePages = .none
    options.packetBuffers = 1024
    options.firstPair = pairs.lowerBound
    options.pairCount = UInt32(pairs.count)
    options.firstGiven = .lowest
    options.secrets = [1, 2, 3]
    options.serverSlots = 64
    options.serviceSlots = 16
    options.limitedClients = 1024
    for (index, port) in network.ports.enumerated() {
      Self.deviceCount += 1
      let mac = Hosts.port(index).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      options.ports.append(
        ApplianceOptions.Port(
          name: "port\(index)", device: "net_null\(Self.deviceCount)", mac: mac, mtu: port.mtu,
          side: port.side, hasTwin: !port.addresses.isEmpty))
    }
    self.network = network
    appliance = try Appliance(options)
    publish(network)
    setClocks()
    for _ in 0..<64 { turnTimers() }
  }

  /// Gives back what hundreds of benches would use up: ports, buffers, tables. It says so if a packet
  /// is missing.
  deinit {
    for index in 0..<workers { appliance.workers[index].freeDiscards() }
    let missing = shim_pool_in_use(appliance.pool)
    if missing != 0 { Issue.record("\(missing) packet buffers were never given back") }
    for device in appliance.devices { shim_port_stop(device.port) }
    for place in 0..<workers * workers {
      if let ring = appliance.shared.rings[place] { free(UnsafeMutableRawPointer(ring)) }
    }
    for place in 0..<workers {
      for ring in [
        appliance.shared.orders[place], appliance.shared.toKernel[place],
        appliance.shared.kernelReturns[place],
      ] {
        if let ring { free(UnsafeMutableRawPointer(ring)) }
      }
    }
    if let ring = appliance.shared.fromKernel { free(UnsafeMutableRawPointer(ring)) }
    rte_mempool_free(appliance.pool)
    for region in appliance.memory.regions { shim_region_free(region.base, region.size) }
  }

  var workers: Int { appliance.options.workers }

  func publish(_ network: Network) {
    self.network = network
    snapshotNumber += 1
    appliance.publish(network.contents(number: snapshotNumber))
  }

  // MARK: Time

  private func setClocks() {
    for index in 0..<workers {
      appliance.workers[index].tick = tick
      appliance.workers[index].now = UInt64(tick) << Settings.tickShift
    }
  }

  private func turnTimers() {
    for index in 0..<workers {
      appliance.workers[index].takeOrder()
      appliance.workers[index].advanceTimers()
    }
  }

  /// Lets time pass: at every tick each worker has a few turns of its loop without packets.
  func advance(by ticks: UInt32) {
    for _ in 0..<ticks {
      tick += 1
      setClocks()
      for _ in 0..<3 { turnTimers() }
    }
  }

  /// Turns of the loop without packets, at the present tick.
  func turn(_ count: Int = 1) { for _ in 0..<count { turnTimers() } }
}
