import CDPDKShim
import Glibc

/// Where two threads wait for each other, again and again.
final class Meeting {
  /// Words of a cache line.
  private static let stride = 16
  /// How often each came.
  private let arrivals: UnsafeMutablePointer<UInt32>
  private static let gone = UInt32.max

  init() {
    arrivals = .allocate(capacity: 2 * Self.stride)
    arrivals.initialize(repeating: 0, count: 2 * Self.stride)
  }

  deinit { arrivals.deallocate() }

  /// Waits for the other thread to come as often.
  ///
  /// - Parameter sleeps: whether to leave the processor meanwhile
  func meet(_ thread: Int, sleeps: Bool = false) {
    let own = arrivals + thread * Self.stride
    let other = arrivals + (1 - thread) * Self.stride
    shim_store_release32(own, own.pointee + 1)
    while shim_load_acquire32(other) < own.pointee {
      if sleeps { usleep(200) } else { shim_pause() }
    }
  }

  /// Has the other thread wait no more: this one comes never again.
  func leave(_ thread: Int) {
    shim_store_release32(arrivals + thread * Self.stride, Self.gone)
  }
}
