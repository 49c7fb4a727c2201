import CDPDKShim
import Snapshots

/// The published snapshot and those that wait for the workers to be past them.
struct Publication {
  private let shared: Shared
  private var current: Snapshot?
  private var retired: [(snapshot: Snapshot, token: UInt64)] = []

  init(shared: Shared) { self.shared = shared }

  var retiredCount: Int { retired.count }

  mutating func publish(_ snapshot: Snapshot) {
    shim_store_release(shared.published, UInt64(UInt(bitPattern: snapshot.base)))
    if let current {
      retired.append((current, shim_qsbr_start(shared.quiescence)))
    }
    current = snapshot
    reclaim()
  }

  mutating func reclaim() {
    while let first = retired.first, shim_qsbr_passed(shared.quiescence, first.token) {
      #if DEBUG
        first.snapshot.free(poison: true)
      #else
        first.snapshot.free(poison: false)
      #endif
      retired.removeFirst()
    }
  }

  func isPast(_ number: UInt64) -> Bool {
    !retired.contains { $0.snapshot.number <= number }
  }
}
