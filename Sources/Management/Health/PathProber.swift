import Dataplane
import Glibc
import NIOCore
import NIOPosix
import Snapshots

/// Checks to virtual addresses along the traffic's path, from a namespace of their own.
///
/// A connection's source port names the server, so a server has one check under way at a time; one that
/// comes meanwhile, as after a reload, waits for it. Of several that wait the newest is wanted.
final class PathProber: @unchecked Sendable {
  private let events: ProbeEvents
  /// Set before the first check that needs it.
  private var namespace: CheckNamespace?
  /// By server slot, the check that came last; of the namespace's loop alone.
  private var newest: [UInt32: (number: Int, end: EventLoopFuture<Void>)] = [:]
  private var lastNumber = 0
  /// Of the namespace's loop alone.
  private var causes = SilenceCauses()
  /// Second connections under way, which find out causes; of the namespace's loop alone. They come on top
  /// of the checks, whose number the process's descriptors bound.
  private var seeking = 0
  private static let soughtAtOnce = 256

  /// - Parameter events: what the workers tell of checks
  init(_ events: ProbeEvents) { self.events = events }

  func use(_ namespace: CheckNamespace) { self.namespace = namespace }

  /// - Parameter loop: the loop that calls it, and on which the future is completed
  func probe(
    _ check: HealthCheck, from source: HealthCheck.Source, on loop: any EventLoop
  ) -> EventLoopFuture<CheckResult> {
    guard let namespace else {
      return loop.makeSucceededFuture(.unable("there is no namespace for checks to the vip"))
    }
    let inside = namespace.loop
    return inside.flatSubmit {
      self.lastNumber += 1
      let number = self.lastNumber
      let former = self.newest[source.server]?.end ?? inside.makeSucceededVoidFuture()
      let isNewest = { @Sendable in self.newest[source.server]?.number == number }
      self.newest[source.server] = (number, former)
      let run = former.map { _ in
        isNewest()
          ? self.run(check, from: source, on: inside)
          : Run(.unable("another check of the server took its place"), on: inside)
      }
      let end = run.flatMap(\.end)
      self.newest[source.server] = (number, end)
      end.whenComplete { _ in if isNewest() { self.newest[source.server] = nil } }
      return run.flatMap(\.result)
    }.hop(to: loop)
  }

  /// What comes of a check, and when the next one of the server may begin: what it said is told before
  /// it is found out why.
  private struct Run: Sendable {
    let result: EventLoopFuture<CheckResult>
    let end: EventLoopFuture<Void>

    init(_ result: CheckResult, on loop: any EventLoop) {
      self.init(result: loop.makeSucceededFuture(result), end: loop.makeSucceededVoidFuture())
    }

    init(result: EventLoopFuture<CheckResult>, end: EventLoopFuture<Void>) {
      self.result = result
      self.end = end
    }
  }

  private func run(
    _ check: HealthCheck, from source: HealthCheck.Source, on inside: any EventLoop
  ) -> Run {
    let before = events.counts(server: source.server)
    let origin = ProbeOrigin(source, isPlain: false)
    let asked = check.ask(from: origin, on: inside).map { result in
      self.judge(result, self.events.counts(server: source.server) - before, check, source, inside)
    }
    return Run(result: asked.flatMap(\.result), end: asked.flatMap(\.end))
  }

  private func judge(
    _ result: CheckResult, _ change: ProbeEvents.Counts, _ check: HealthCheck,
    _ source: HealthCheck.Source, _ inside: any EventLoop
  ) -> Run {
    if case .bad = result, change.answers == 0, change.unsent == 0, source.isLabelled {
      let (cause, isDue) = causes.recall(check, server: source.server)
      let isSought = isDue && seeking < Self.soughtAtOnce
      return Run(
        result: inside.makeSucceededFuture(cause ?? result),
        end: isSought
          ? findOutWhy(result, check, source, on: inside) : inside.makeSucceededVoidFuture())
    }
    causes.forget(server: source.server)
    switch result {
    case .good where change.unlabelled != 0:
      return Run(.bad("it answers, but without the label that it was sent"), on: inside)
    case .bad where change.answers == 0 && change.unsent != 0:
      return Run(.bad("the way to it is not known"), on: inside)
    default: return Run(result, on: inside)
    }
  }

  /// Learns of a label endpoint that is silent whether it is so without a label, too. A host that
  /// is none drops what has one.
  private func findOutWhy(
    _ result: CheckResult, _ check: HealthCheck, _ source: HealthCheck.Source,
    on inside: any EventLoop
  ) -> EventLoopFuture<Void> {
    seeking += 1
    return TCPProbe.run(
      SocketAddress(check.address, port: check.port), timeout: check.timeoutAmount, on: inside,
      from: ProbeOrigin(source, isPlain: true)
    ).map { second in
      self.causes.learn(
        second == .good
          ? .bad("it answers only what has no label: it is no label endpoint") : result,
        check, server: source.server)
    }.always { _ in self.seeking -= 1 }
  }
}

/// What a connection of a check is to come from; nil leaves it to the kernel.
struct ProbeOrigin: Sendable {
  let address: SocketAddress
  /// Whether it is to go without a label.
  let isPlain: Bool

  init(_ source: HealthCheck.Source, isPlain: Bool) {
    address = SocketAddress(source.address, port: ProbePort.of(server: source.server))
    self.isPlain = isPlain
  }
}

extension ClientBootstrap {
  /// The port is bound again at once, since checks end by a reset and leave no TIME_WAIT behind.
  func from(_ origin: ProbeOrigin?) -> ClientBootstrap {
    guard let origin else { return self }
    let bound = channelOption(.socketOption(.so_reuseaddr), value: 1).bind(to: origin.address)
    guard origin.isPlain else { return bound }
    // Any codepoint but 0 asks the workers for it (ip(7), ipv6(7)).
    let isIPv4 = origin.address.protocol == .inet
    return bound.channelOption(
      ChannelOptions.Types.SocketOption(
        level: isIPv4 ? .ip : .ipv6,
        name: NIOBSDSocket.Option(rawValue: isIPv4 ? IP_TOS : IPV6_TCLASS)),
      value: 4)
  }
}
