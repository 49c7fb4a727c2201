import Dispatch
import Foundation
import Synchronization

/// SIGTERM, SIGINT and SIGHUP, watched from before DPDK starts. Until `serve` there is nothing to
/// reload, and the first two end the process, at once as long as it has nothing to give back.
final class SignalWatch: @unchecked Sendable {
  struct Actions: Sendable {
    let end: @Sendable () -> Void
    let reload: @Sendable () -> Void
  }

  private enum Stage {
    case starting
    /// The end waits for `serve`; a second signal does not.
    case holding(isEndWanted: Bool)
    case serving(Actions)
  }

  private let stage = Mutex(Stage.starting)
  /// Kept so that they go on; changed by `init` only.
  private var sources: [any DispatchSourceSignal] = []

  init() {
    // What cannot be written is an error of its write, not the end of the process.
    _ = signal(SIGPIPE, SIG_IGN)
    _ = signal(SIGXFSZ, SIG_IGN)
    for number in [SIGTERM, SIGINT] { watch(number) { [self] in end() } }
    watch(SIGHUP) { [self] in
      if case .serving(let actions) = stage.withLock({ $0 }) { actions.reload() }
    }
  }

  private func watch(_ number: Int32, _ action: @escaping @Sendable () -> Void) {
    _ = signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler(handler: action)
    source.resume()
    sources.append(source)
  }

  private func end() {
    let before = stage.withLock { stage in
      let before = stage
      if case .holding = stage { stage = .holding(isEndWanted: true) }
      return before
    }
    switch before {
    case .starting, .holding(isEndWanted: true): exit(0)
    case .holding: break
    case .serving(let actions): actions.end()
    }
  }

  /// From now on the process has something to give back before it ends.
  func hold() { stage.withLock { $0 = .holding(isEndWanted: false) } }

  /// From now on signals do this.
  func serve(_ new: Actions) {
    let before = stage.withLock { stage in
      defer { stage = .serving(new) }
      return stage
    }
    if case .holding(isEndWanted: true) = before { new.end() }
  }

  /// No signal does anything any more.
  func cancel() { serve(Actions(end: {}, reload: {})) }
}
