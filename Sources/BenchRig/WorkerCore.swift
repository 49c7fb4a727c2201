import CDPDKShim
import CMacswap
import Glibc

/// The worker's processor: DPDK's lcore 1, pinned as the appliance's worker is.
package enum WorkerCore {
  /// Has this process end with the one that started it.
  package static func dieWithParent() { tagline_bench_die_with_parent() }

  private final class Task {
    let body: () -> Void
    let isDone: UnsafeMutablePointer<UInt32>

    init(_ body: @escaping () -> Void) {
      self.body = body
      isDone = .allocate(capacity: 1)
      isDone.initialize(to: 0)
    }

    deinit { isDone.deallocate() }
  }

  /// Runs a body there and waits for it.
  ///
  /// - Parameter meanwhile: what the calling thread does all the time; it is to sleep in between
  static func run(
    _ body: @escaping () throws(BenchFailure) -> Void,
    meanwhile: () throws(BenchFailure) -> Void = { usleep(500) }
  ) throws(BenchFailure) {
    var failure: BenchFailure?
    try withoutActuallyEscaping(body) { body throws(BenchFailure) in
      let task = Task {
        do throws(BenchFailure) { try body() } catch { failure = error }
      }
      try launch(task, meanwhile)
    }
    if let failure { throw failure }
  }

  private static func launch(
    _ task: Task, _ meanwhile: () throws(BenchFailure) -> Void
  ) throws(BenchFailure) {
    let argument = Unmanaged.passUnretained(task).toOpaque()
    guard shim_launch(runTask, argument, 1) == 0 else {
      throw BenchFailure("the worker's lcore does not start", code: 2)
    }
    var failure: BenchFailure?
    while shim_load_acquire32(task.isDone) == 0 {
      if failure == nil {
        do throws(BenchFailure) { try meanwhile() } catch { failure = error }
      } else {
        usleep(500)
      }
    }
    _ = shim_wait(1)
    if let failure { throw failure }
  }

  private static let runTask: @convention(c) (UnsafeMutableRawPointer?) -> Int32 = { argument in
    let task = Unmanaged<Task>.fromOpaque(argument.unsafelyUnwrapped).takeUnretainedValue()
    task.body()
    shim_store_release32(task.isDone, 1)
    return 0
  }
}
