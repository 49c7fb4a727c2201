import AdminProtocol
import Balancing
import Dataplane
import Glibc
import Logging
import NIOCore
import Snapshots

/// The management of a running appliance: owns the plan, publishes its snapshots, answers the admin
/// socket. Everything here runs on one event loop, so nothing needs a lock.
final class Manager: AdminBackend, @unchecked Sendable {
  static let version = "0.1.0"

  let appliance: Appliance
  let log: Logger
  let loop: any EventLoop
  let kernel: KernelSide
  let started = ContinuousClock.now
  /// The path of the configuration that holds.
  var file: String
  var plan: Plan
  var snapshotNumber: UInt64 = 0
  var retiredServers = RetiredSlots()
  var retiredServices = RetiredSlots()
  /// What a server slot's former holders had of the slot's total of sessions.
  var totalBaselines: [UInt32: UInt64] = [:]
  /// What a service slot's former holders refused.
  var refusedBaselines: [UInt32: [AdmissionVerdict: UInt64]] = [:]
  var trace: PacketTrace?
  /// Traces that a worker may still write to, and when no longer.
  var endedTraces: [(trace: PacketTrace, token: UInt64)] = []
  var captures = CaptureBook()
  private var reservedLabelsLogged: UInt64 = 0
  /// Who is checked, and what came of it.
  var health = HealthBook()
  /// What makes the checks; nil makes none.
  var checker: HealthChecker?
  /// What makes those along the path.
  let pathProber: PathProber
  var gatheredHealth = GatheredHealth()
  var gatheredNextHops = GatheredNextHops()
  /// Those that were sought when the kernel was last asked again.
  var soughtNextHops: Set<NextHop> = []
  /// Why checks could not be made, as far as it was logged.
  var loggedObstacles: Set<String> = []
  /// How long the last publication took.
  private(set) var publicationTime = Duration.zero
  /// Whether a publication is to come of itself.
  var isPublicationDue = false
  /// Where the metrics are offered.
  var metricsEndpoint: (address: Configuration.SocketAddress, server: MetricsServer)?
  /// Seconds since the Unix epoch.
  let startTime: Double

  init(
    appliance: Appliance, configuration: Configuration, file: String, log: Logger,
    loop: any EventLoop, kernel: KernelSide
  ) {
    self.appliance = appliance
    self.file = file
    self.log = log
    self.loop = loop
    self.kernel = kernel
    pathProber = PathProber(appliance.probeEvents)
    plan = Plan(configuration: configuration, portMACs: appliance.devices.map(\.mac))
    var now = timespec()
    _ = unsafe clock_gettime(CLOCK_REALTIME, &now)
    startTime = Double(now.tv_sec) + (Double(now.tv_nsec) / 1e6).rounded() / 1e3
  }

  /// Builds the plan's snapshot and makes it the one that holds.
  func publish() {
    let begun = ContinuousClock.now
    isPublicationDue = false
    snapshotNumber += 1
    gatheredHealth.apply(to: &plan)
    gatheredHealth = GatheredHealth()
    gatheredNextHops.apply(to: &plan)
    gatheredNextHops = GatheredNextHops()
    appliance.publish(plan.makeContents(number: snapshotNumber))
    retiredServers.note(plan.retiredServerSlots, snapshot: snapshotNumber)
    retiredServices.note(plan.retiredServiceSlots, snapshot: snapshotNumber)
    publicationTime = .now - begun
  }

  /// What is to be done now and then.
  func tick() {
    appliance.reclaim()
    freeEndedTraces()
    advanceCaptures()
    releaseRetired()
  }

  /// Gives back the slots of what has left the configuration and has no session any more.
  private func releaseRetired() {
    for (slot, number) in retiredServers.since
    where appliance.isPast(snapshot: number - 1) && appliance.isUnused(server: slot)
      && plan.release(serverSlot: slot)
    {
      totalBaselines[slot] = appliance.totalSessions(server: slot)
      appliance.forgetTimes(server: slot)
      retiredServers.remove(slot)
      unwatchHealth(of: slot)
    }
    for (slot, number) in retiredServices.since
    where appliance.isPast(snapshot: number - 1) && plan.release(serviceSlot: slot) {
      // Its sessions were its servers', whose slots are all free.
      refusedBaselines[slot] = Dictionary(
        uniqueKeysWithValues: AdmissionVerdict.refusals.map {
          ($0, appliance.refused(service: slot, $0))
        })
      retiredServices.remove(slot)
    }
  }

  /// Tells the workers, once a second, what the algorithms want to know of the servers.
  func balance() {
    if plan.balance(now: .now, times: times(of:checksApplication:)) { publish() }
  }

  /// Says, at most once a call, that reserved labels came in (RFC 7274).
  func logReservedLabels() {
    let name = "drop.label_reserved"
    let count = appliance.counters().first { $0.name == name }?.value ?? 0
    guard count > reservedLabelsLogged else { return }
    log.warning(
      "\(count - reservedLabelsLogged) packets with a reserved label were dropped (\(name))")
    reservedLabelsLogged = count
  }

  func handle(method: String, params: JSONValue) -> Result<JSONValue, AdminError> {
    Result { () throws(AdminError) in
      switch method {
      case "show.sessions": return try showSessions(params)
      case "show.labels": return try showLabels(params)
      case "server.set": return try setServer(params)
      case "session.withdraw": return try withdrawSession(params)
      case "reload": return try reload(params)
      case "trace.start": return try startTrace(params)
      case "capture.start": return try startCapture(params)
      case "capture.stop": return try stopCapture(params)
      default: break
      }
      guard let answer = answerPlain(method) else { throw .methodNotFound(method) }
      try params.requireParameters(only: [])
      return answer()
    }
  }

  /// The methods without parameters.
  private func answerPlain(_ method: String) -> (() -> JSONValue)? {
    switch method {
    case "status": status
    case "show.services": showServices
    case "show.servers": showServers
    case "show.ports": showPorts
    case "show.workers": showWorkers
    case "show.counters": showCounters
    case "show.config": showConfig
    case "trace.show": showTrace
    case "capture.show": showCapture
    default: nil
    }
  }
}
