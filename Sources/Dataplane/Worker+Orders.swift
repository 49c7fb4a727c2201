import CDPDKShim
import Labels
import Sessions
import Snapshots

/// What the manager may ask of a worker, as one word: a code above 56 bits of argument.
enum Order {
  private static let withdrawCode: UInt64 = 1
  private static let traceCode: UInt64 = 2
  private static let argumentMask: UInt64 = 0x00ff_ffff_ffff_ffff

  /// Withdraw the session that holds a pair.
  static func withdraw(pair: UInt32) -> UInt64 { withdrawCode << 56 | UInt64(pair) }

  /// Trace by another control from now on.
  static func trace(_ control: UnsafeMutablePointer<TraceControl>) -> UInt64 {
    traceCode << 56 | UInt64(UInt(bitPattern: control))
  }

  static func isWithdraw(_ word: UInt64) -> Bool { word >> 56 == withdrawCode }

  static func control(_ word: UInt64) -> UnsafeMutablePointer<TraceControl>? {
    guard word >> 56 == traceCode else { return nil }
    return UnsafeMutablePointer(bitPattern: UInt(word & argumentMask))
  }
}

extension Worker {
  /// Records that the sweep looks at in one loop.
  private static var sweepBudget: Int { 64 }

  @inline(__always)
  mutating func takeOrder() {
    let word = shim_ring_receive_word(shared.orders[index].unsafelyUnwrapped)
    if word != 0 { obey(word) }
  }

  @inline(never)
  private mutating func obey(_ word: UInt64) {
    if Order.isWithdraw(word) {
      let session = labels.session(of: UInt32(truncatingIfNeeded: word))
      if session != noIndex { withdraw(session) }
    } else if let control = Order.control(word) {
      trace = control
    }
  }

  /// Withdraws some of the sessions whose server is in maintenance.
  @inline(never)
  mutating func sweep() {
    let end = min(sweepCursor &+ Self.sweepBudget, sessions.capacity)
    while sweepCursor < end {
      let record = self.record(UInt32(truncatingIfNeeded: sweepCursor))
      if record.pointee.version != 0,
        snapshot.servers[Int(record.pointee.server)].state == .maint,
        !record.pointee.has(SessionFlags.withdrawn)
      {
        withdraw(UInt32(truncatingIfNeeded: sweepCursor))
      }
      sweepCursor &+= 1
    }
    if sweepCursor == sessions.capacity { sweepCursor = -1 }
  }

  /// An operator's end of a session: it closes, still switched, and ends when its closing time is
  /// over, whatever traffic there is.
  private mutating func withdraw(_ session: UInt32) {
    let record = self.record(session)
    if record.pointee.state == .embryonic { embryonicSessions &-= 1 }
    record.pointee.state = .closing
    record.pointee.clear(SessionFlags.resetSeen)
    record.pointee.set(SessionFlags.withdrawn)
    if record.pointee.pair != noIndex { labels.close(record.pointee.pair) }
    shorten(session)
  }
}
