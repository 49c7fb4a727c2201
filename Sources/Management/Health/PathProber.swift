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
  private var newest: [UInt32: (number: Int, end: EventLoopFuture<CheckResult>)] = [:]
  private var lastNumber = 0
  /// Of the namespace's loop alone.
  private var causes = SilenceCauses()

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
      let former = self.newest[source.server]?.end ?? inside.makeSucceededFuture(.good)
      let isNewest = { @Sendable in self.newest[source.server]?.number == number }
      self.newest[source.server] = (number, former)
      let mine = former.flatMap { _ in
        isNewest()
          ? self.run(check, from: source, on: inside)
          : inside.makeSucceededFuture(.unable("another check of the server took its place"))
      }
      self.newest[source.server] = (number, mine)
      mine.whenComplete { _ in if isNewest() { self.newest[source.server] = nil } }
      return mine
    }.hop(to: loop)
  }

  private func run(
    _ check: HealthCheck, from source: HealthCheck.Source, on inside: any EventLoop
  ) -> EventLoopFuture<CheckResult> {
    let before = events.counts(server: source.server)
    let origin = ProbeOrigin(source, isPlain: false)
    return check.ask(from: origin, on: inside).flatMap { result in
      let change = self.events.counts(server: source.server) - before
      if case .bad = result, change.answers == 0, change.unsent == 0, source.isLabelled {
        return self.cause(of: result, check, source, on: inside)
      }
      self.causes.forget(server: source.server)
      let found: CheckResult =
        switch result {
        case .good where change.unlabelled != 0:
          .bad("it answers, but without the label that it was sent")
        case .bad where change.answers == 0 && change.unsent != 0:
          .bad("the way to it is not known")
        default: result
        }
      return inside.makeSucceededFuture(found)
    }
  }

  private func cause(
    of result: CheckResult, _ check: HealthCheck, _ source: HealthCheck.Source,
    on inside: any EventLoop
  ) -> EventLoopFuture<CheckResult> {
    if let known = causes.recall(check, server: source.server) {
      return inside.makeSucceededFuture(known)
    }
    return findOutWhy(result, check, source, on: inside).always { found in
      if case .success(let cause) = found {
        self.causes.learn(cause, check, server: source.server)
      }
    }
  }

  /// Of a label endpoint that is silent: whether it is so without a label, too. A host that is none
  /// drops what has one.
  private func findOutWhy(
    _ result: CheckResult, _ check: HealthCheck, _ source: HealthCheck.Source,
    on inside: any EventLoop
  ) -> EventLoopFuture<CheckResult> {
    TCPProbe.run(
      SocketAddress(check.address, port: check.port), timeout: check.timeoutAmount, on: inside,
      from: ProbeOrigin(source, isPlain: true)
    ).map { second in
      second == .good ? .bad("it answers only what has no label: it is no label endpoint") : result
    }
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
