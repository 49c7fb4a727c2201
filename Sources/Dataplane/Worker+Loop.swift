import CDPDKShim
import Snapshots

/// The lcore's entry point: `argument` is the worker.
func runWorker(_ argument: UnsafeMutableRawPointer?) -> Int32 {
  let worker = argument!.assumingMemoryBound(to: Worker.self)
  shim_qsbr_register(worker.pointee.shared.quiescence, UInt32(worker.pointee.index))
  while shim_read32(worker.pointee.shared.stopping) == 0 {
    let isBusy = worker.pointee.runLoop()
    if !isBusy && worker.pointee.shared.yieldsWhenIdle { shim_yield() }
  }
  shim_qsbr_unregister(worker.pointee.shared.quiescence, UInt32(worker.pointee.index))
  return 0
}

extension Worker {
  /// One turn of the loop: everything between two quiescent states.
  ///
  /// - Returns: whether any packet came
  @inline(never)
  mutating func runLoop() -> Bool {
    let before = now
    now = clock.nanoseconds()
    // A loop late, which costs no second reading of the clock.
    if wasBusy { counters[Counter.workerBusyNanoseconds.rawValue] &+= now &- before }
    tick = UInt32(truncatingIfNeeded: now >> Settings.tickShift)
    adoptSnapshot()
    // Before any packet: once a worker was quiescent, it has obeyed what was ordered before that.
    while takeOrder() {}
    let received = poll() &+ takeHandovers() &+ serveKernel()
    if received > 0 {
      flushTransmits()
      flushHandovers()
      if discards.count > 0 { freeDiscards() }
    }
    advanceTimers(received: received)
    shim_qsbr_quiescent(shared.quiescence, UInt32(truncatingIfNeeded: index))
    wasBusy = received > 0
    if !wasBusy { shim_pause() }
    return wasBusy
  }

  @inline(__always)
  mutating func adoptSnapshot() {
    let published = shim_load_acquire(shared.published)
    let base = UnsafeMutableRawPointer(bitPattern: UInt(published)).unsafelyUnwrapped
    if base != snapshot.base || snapshot.number != snapshotNumber { adopt(Snapshot(base: base)) }
  }

  /// Turns to another snapshot. A new one may lie where an old one was, so its number counts too.
  @inline(never)
  mutating func adopt(_ new: Snapshot) {
    snapshot = new
    snapshotNumber = new.number
    adjacencyTables[0] = new.adjacencies
    kernelCost = 1_000_000_000 / UInt64(max(new.settings.pointee.kernelPacketsPerSecond, 1))
    labels.embryonicShare = new.settings.pointee.embryonicShare
    embryonicSessionLimit = max(
      1, sessions.capacity &* Int(new.settings.pointee.embryonicShare) / 100)
    if new.settings.pointee.endsSessions { startSweep() }
  }

  @inline(__always)
  mutating func poll() -> Int {
    var received = 0
    var place = 0
    while place < pollCount {
      let count = Int(
        shim_rx_burst(
          polls[place].port, polls[place].queue, burst, UInt16(truncatingIfNeeded: Self.burstSize)))
      if count > 0 {
        received &+= count
        counters[Counter.rxPackets.rawValue] &+= UInt64(truncatingIfNeeded: count)
        if _slowPath(polls[place].completes) { completeChecksums(count) }
        processBurst(count, port: polls[place].portIndex)
      }
      place &+= 1
    }
    return received
  }

  /// Sends what waits on every port.
  @inline(__always)
  mutating func flushTransmits() {
    var port = 0
    while port < shared.portCount {
      if transmit[port].count > 0 { flush(port) }
      port &+= 1
    }
  }
}
