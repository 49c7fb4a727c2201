import Balancing
import Synchronization
import TestSupport
import Testing

@Suite struct SharedTokenBucketRaceTests {
  /// Four workers that ask all the time, each when it comes to it: whatever the order of their looks,
  /// what is taken too much at once is owed, and no token is lost. So the sum differs from a burst and
  /// the rate by two tokens a worker at most.
  @Test func workersThatRaceKeepTheRate() async {
    let workers = 4
    let rate: UInt64 = 10_000
    let asks: UInt64 = 100_000
    let memory = Memory(SharedTokenBucket.byteCount(workers: workers, buckets: 1))
    let clock = Clock()
    let views = (0..<workers).map {
      SharedTokenBucket(memory: memory.base, worker: $0, workers: workers, buckets: 1)
    }
    let taken = await withTaskGroup(of: UInt64.self) { group in
      for view in views {
        group.addTask {
          var taken: UInt64 = 0
          for _ in 0..<asks where view.take(0, rate: UInt32(rate), now: clock.next()) {
            taken += 1
          }
          return taken
        }
      }
      return await group.reduce(0, +)
    }
    // 400,000 asks, 5 µs apart: 2 s, and the burst is another.
    let fair = rate * 3
    #expect(taken <= fair + UInt64(workers))
    #expect(taken >= fair - 2 * UInt64(workers))
    withExtendedLifetime(memory) {}
  }

  /// Goes on by 5 µs a look, whoever looks.
  private final class Clock: Sendable {
    private let now = Atomic<UInt64>(1_000_000_000)

    func next() -> UInt64 { now.add(5_000, ordering: .relaxed).newValue }
  }
}
