import Dispatch
import Foundation
import Synchronization

/// SIGTERM, SIGINT and SIGHUP, watched from before DPDK starts. Until `serve` the first two end the
/// process, which has nothing to lose yet, and the third has nothing to reload.
final class SignalWatch: @unchecked Sendable {
  struct Actions: Sendable {
    let end: @Sendable () -> Void
    let reload: @Sendable () -> Void
  }

  private let actions = Mutex<Actions?>(nil)
  /// Kept so that they go on; changed by `init` only.
  private var sources: [any DispatchSourceSignal] = []

  init() {
    _ = signal(SIGPIPE, SIG_IGN)
    for number in [SIGTERM, SIGINT] {
      watch(number) { [self] in
        guard let actions = actions.withLock({ $0 }) else { exit(0) }
        actions.end()
      }
    }
    watch(SIGHUP) { [self] in actions.withLock { $0 }?.reload() }
  }

  private func watch(_ number: Int32, _ action: @escaping @Sendable () -> Void) {
    _ = signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler(handler: action)
    source.resume()
    sources.append(source)
  }

  /// From now on signals do this.
  func serve(_ new: Actions) { actions.withLock { $0 = new } }

  /// No signal does anything any more.
  func cancel() { serve(Actions(end: {}, reload: {})) }
}
