import Dataplane
import Foundation
import Logging
import NIOCore
import NIOPosix
import Snapshots

/// `tagline run`: from a configuration file to a running appliance and its end.
public enum RunningAppliance {
  /// Why it could not run: what to print, and the exit code that goes with it.
  public struct Failure: Error {
    public let lines: [String]
    /// 1 bad input or configuration, 2 the environment lacks something.
    public let code: Int32
  }

  /// Checks a configuration file; the lines of the failure are its errors.
  public static func check(_ path: String) throws(Failure) {
    _ = try read(path)
  }

  /// Runs until a signal, or until no packet came for `idleSeconds`.
  public static func run(_ path: String, idleSeconds: Double?) throws(Failure) {
    let configuration = try read(path)
    let options = ApplianceOptions(configuration)
    guard options.pairCount >= options.workers else {
      throw Failure(
        lines: ["\(path): labels.range has fewer pairs than there are workers"], code: 1)
    }
    let log = Logger(label: "tagline") { StreamLogHandler.standardError(label: $0) }
    let signals = SignalWatch()
    let serviceManager = ServiceManager(environment: ProcessInfo.processInfo.environment)
    log.info("starting: \(options.workers) workers, \(options.sessionsPerWorker) sessions each")
    if configuration.ports.contains(where: { !KernelDevice.names(in: $0.device).isEmpty }) {
      signals.hold()
    }
    let (appliance, kernel) = try open(configuration, options)
    for line in appliance.startLines { log.info("\(line)") }
    for line in kernel.advice {
      log.log(level: line.isCertain ? .warning : .notice, "\(line.text)")
    }
    // Health checks have a loop of their own, so that no long answer of the manager makes them late.
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let loop = group.next()
    let manager = Manager(
      appliance: appliance, configuration: configuration, file: path, log: log,
      loop: loop, kernel: kernel)
    manager.checker = HealthChecker(
      loop: group.next(), prober: NetworkProber(path: manager.pathProber),
      limit: min(8192, max(16, DescriptorLimit.raise() / 2))
    ) { outcomes in
      loop.execute { manager.take(outcomes) }
    }
    let result = Result { () throws(Failure) in
      try manager.serve(
        socket: configuration.admin.socket, idleSeconds: idleSeconds, signals: signals,
        serviceManager: serviceManager)
    }
    serviceManager?.tellStopping()
    try? manager.checker?.stop().wait()
    try? loop.submit { manager.stop() }.wait()
    try? group.syncShutdownGracefully()
    try result.get()
  }

  /// The appliance, and what it has in the kernel.
  private static func open(
    _ configuration: Configuration, _ options: ApplianceOptions
  ) throws(Failure) -> (Appliance, KernelSide) {
    let kernel: KernelSide
    do {
      kernel = try KernelSide(configuration)
    } catch {
      throw Failure(lines: [error.description], code: 2)
    }
    do {
      let appliance = try Appliance(options)
      do {
        try kernel.start(configuration, appliance: appliance)
      } catch {
        kernel.stop()
        appliance.stop()
        throw Failure(lines: [error.description], code: 2)
      }
      return (appliance, kernel)
    } catch let failure as Failure {
      throw failure
    } catch {
      kernel.stop()
      throw Failure(lines: ["\(error)"], code: 2)
    }
  }

  private static func read(_ path: String) throws(Failure) -> Configuration {
    do {
      return try Manager.read(path, mayWait: true)
    } catch {
      throw Failure(lines: error.lines, code: 1)
    }
  }
}

extension Manager {
  /// Opens the admin socket, starts the workers and waits for the end.
  func serve(
    socket: String, idleSeconds: Double?, signals: SignalWatch, serviceManager: ServiceManager?
  ) throws(RunningAppliance.Failure) {
    let end = loop.makePromise(of: Void.self)
    signals.serve(
      SignalWatch.Actions(
        end: { end.succeed() }, reload: { self.loop.execute { self.reloadOnSignal() } }))
    defer { signals.cancel() }
    let server: AdminServer
    do {
      try loop.submit {
        try self.offerMetrics(at: self.plan.configuration.metrics)
        self.publish()
      }.wait()
      server = try AdminServer.start(path: socket, on: loop, backend: self).wait()
    } catch {
      end.succeed()
      throw RunningAppliance.Failure(lines: ["\(error)"], code: 2)
    }
    do {
      // On the loop, as everything that the manager does: requests may come in already.
      try loop.submit {
        try self.appliance.start()
        try self.openChecks(self.plan.configuration)
        self.watchHealth()
        try self.watchKernel()
      }.wait()
    } catch {
      end.succeed()
      try? server.stop().wait()
      throw RunningAppliance.Failure(lines: ["\(error)"], code: 2)
    }
    log.info("running: admin socket \(socket)")
    serviceManager?.tellReady()
    let work = startWork(end, idleSeconds: idleSeconds)
    try? end.futureResult.wait()
    for task in work { task.cancel() }
    try? server.stop().wait()
    log.info("stopped")
  }

  /// Ends the appliance, and before it all that would still read or change it.
  func stop() {
    metricsEndpoint?.server.stop()
    gatheredHealth = GatheredHealth()
    isPublicationDue = false
    kernel.stop()
    appliance.stopWorkers()
    endCaptures()
    appliance.close()
  }

  private func reloadOnSignal() {
    do {
      try reload(from: file)
    } catch {
      for line in error.lines { log.error("reload refused: \(line)") }
    }
  }

  private func startWork(_ end: EventLoopPromise<Void>, idleSeconds: Double?) -> [RepeatedTask] {
    let idle = idleSeconds.map { IdleWatch(limit: .seconds($0)) }
    return [
      loop.scheduleRepeatedTask(initialDelay: .milliseconds(10), delay: .milliseconds(10)) { _ in
        self.tick()
        if let idle, idle.isOver(received: self.appliance.receivedPackets) { end.succeed() }
      },
      loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
        self.logReservedLabels()
        self.balance()
      },
      loop.scheduleRepeatedTask(
        initialDelay: Self.nextHopInterval, delay: Self.nextHopInterval
      ) { _ in
        self.giveUpOnNextHops()
        self.askForNextHops()
      },
    ]
  }
}

/// How long no packet has come.
private final class IdleWatch: @unchecked Sendable {
  private let limit: Duration
  private var received: UInt64 = 0
  private var since = ContinuousClock.now

  init(limit: Duration) { self.limit = limit }

  func isOver(received now: UInt64) -> Bool {
    if now != received {
      received = now
      since = .now
    }
    return ContinuousClock.now - since >= limit
  }
}

extension ApplianceOptions {
  /// What a configuration asks for.
  public init(_ configuration: Configuration) {
    self.init()
    workers = configuration.workers ?? max(1, Appliance.availableProcessors - 1)
    sessionsPerWorker = configuration.sessionsPerWorker
    switch configuration.memory.hugepages {
    case .auto: hugePages = .auto
    case .required: hugePages = .required
    case .none: hugePages = .none
    }
    packetBuffers = configuration.memory.mbufs ?? packetBuffers
    ports = configuration.ports.map { port in
      Port(
        name: port.name, device: port.device, mac: port.mac?.word, mtu: port.mtu, side: port.side,
        hasTwin: !port.addresses.isEmpty)
    }
    firstPair = (configuration.labels.range.lowerBound - 1) >> 1
    pairCount = UInt32(configuration.labels.pairCount)
    firstGiven = configuration.labels.first == .lowest ? .lowest : .random
    embryonicShare = UInt32(configuration.labels.embryonicShare)
  }
}
