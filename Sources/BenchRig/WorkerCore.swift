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
      try launch(task, lcore: 1)
      try wait(for: task, lcore: 1, meanwhile)
    }
    if let failure { throw failure }
  }

  /// Runs a body on lcores 1 and 2 at the same time, each pinned to one of two processors, and waits
  /// for both: EAL lets lcores float over processors that are too few for workers and manager.
  ///
  /// - Parameter body: is told the worker, 0 or 1
  static func runPair(
    processors: [Int], _ body: @escaping (Int) throws(BenchFailure) -> Void
  ) throws(BenchFailure) {
    let failures = UnsafeMutablePointer<BenchFailure?>.allocate(capacity: 2)
    failures.initialize(repeating: nil, count: 2)
    defer {
      failures.deinitialize(count: 2)
      failures.deallocate()
    }
    try withoutActuallyEscaping(body) { body throws(BenchFailure) in
      let tasks = [0, 1].map { worker in
        Task {
          do throws(BenchFailure) {
            try pin(to: processors[worker])
            try body(worker)
          } catch { failures[worker] = error }
        }
      }
      for (worker, task) in tasks.enumerated() {
        try launch(task, lcore: UInt32(worker + 1))
      }
      for (worker, task) in tasks.enumerated() {
        try wait(for: task, lcore: UInt32(worker + 1))
      }
    }
    if let failure = failures[0] ?? failures[1] { throw failure }
  }

  /// Pins the calling thread.
  private static func pin(to processor: Int) throws(BenchFailure) {
    guard tagline_bench_pin_thread(UInt32(processor)) == 0 else {
      throw BenchFailure("processor \(processor) cannot be had for a worker", code: 2)
    }
  }

  private static func launch(_ task: Task, lcore: UInt32) throws(BenchFailure) {
    let argument = Unmanaged.passUnretained(task).toOpaque()
    guard shim_launch(runTask, argument, lcore) == 0 else {
      throw BenchFailure("the worker's lcore does not start", code: 2)
    }
  }

  private static func wait(
    for task: Task, lcore: UInt32,
    _ meanwhile: () throws(BenchFailure) -> Void = { usleep(500) }
  ) throws(BenchFailure) {
    var failure: BenchFailure?
    while shim_load_acquire32(task.isDone) == 0 {
      if failure == nil {
        do throws(BenchFailure) { try meanwhile() } catch { failure = error }
      } else {
        usleep(500)
      }
    }
    _ = shim_wait(lcore)
    if let failure { throw failure }
  }

  private static let runTask: @convention(c) (UnsafeMutableRawPointer?) -> Int32 = { argument in
    let task = Unmanaged<Task>.fromOpaque(argument.unsafelyUnwrapped).takeUnretainedValue()
    task.body()
    shim_store_release32(task.isDone, 1)
    return 0
  }
}
