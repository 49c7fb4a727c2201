import CDPDKShim
import Snapshots
import Wire

/// A worker led step by step instead of launched: what the benchmark measures is the loop itself, on
/// a thread and by a clock of the caller's.
extension Appliance {
  /// Makes the workers ones that run, though their loops are led by `turn`: what is published from now
  /// on is taken over in the loop, on whatever thread that is. A snapshot must have been published.
  package func beginStepping() throws(ApplianceError) {
    // They start, see that they are to stop, and are gone before their first turn.
    shared.stopping.pointee = 1
    try start()
    for index in 0..<options.workers { _ = shim_wait(UInt32(index + 1)) }
    shared.stopping.pointee = 0
  }

  /// Counts a worker among those whose quiescent state is waited for, from its first turn until
  /// `leave`.
  package func join(worker: Int) { shim_qsbr_register(shared.quiescence, UInt32(worker)) }

  package func leave(worker: Int) { shim_qsbr_unregister(shared.quiescence, UInt32(worker)) }

  /// Runs a worker's loop so many times on the calling thread.
  package func turn(worker: Int, times: Int) {
    let worker = workers + worker
    var left = times
    while left > 0 {
      _ = worker.pointee.runLoop()
      left &-= 1
    }
  }

  /// Runs a worker's loop on the calling thread until it has sent so many packets more.
  ///
  /// - Parameter times: turns at most, should packets be lost
  package func turn(worker: Int, untilSent count: Int, times: Int) {
    let worker = workers + worker
    let sent = worker.pointee.counters + Counter.txPackets.rawValue
    let end = sent.pointee &+ UInt64(count)
    var left = times
    while sent.pointee < end, left > 0 {
      _ = worker.pointee.runLoop()
      left &-= 1
    }
  }

  /// The worker that owns a flow's session.
  ///
  /// - Parameter ports: either port in a half
  package func owner(source: IPAddress, destination: IPAddress, ports: UInt32) -> Int {
    shared.scaling.owner(source: source, destination: destination, ports: ports)
  }

  /// Has a worker handle packets as a burst that a port received, at most `burstSize`, and send what
  /// they lead to.
  package func receive(
    _ packets: UnsafePointer<OpaquePointer?>, count: Int, port: Int, worker: Int
  ) {
    let worker = workers + worker
    worker.pointee.burst.update(from: packets, count: count)
    worker.pointee.counters[Counter.rxPackets.rawValue] &+= UInt64(count)
    worker.pointee.processBurst(count, port: port)
    worker.pointee.flushTransmits()
    worker.pointee.freeDiscards()
  }

  package static var burstSize: Int { Worker.burstSize }

  /// The pool that packets are taken from.
  package var packetPool: OpaquePointer { pool }

  /// Makes a worker's clock stand at a time, in nanoseconds, until it is set again. Reading it costs
  /// what it always costs.
  package func setClock(worker: Int, nanoseconds: UInt64) {
    workers[worker].clock = CycleClock(standingAt: nanoseconds)
  }
}
