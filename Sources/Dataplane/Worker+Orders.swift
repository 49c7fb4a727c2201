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

  /// - Returns: whether there was one
  @inline(__always)
  mutating func takeOrder() -> Bool {
    let word = shim_ring_receive_word(shared.orders[index].unsafelyUnwrapped)
    if word == 0 { return false }
    obey(word)
    return true
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

  /// Begins a sweep over all sessions; one that runs is followed by another, or a stream of
  /// snapshots would keep it from ever ending.
  mutating func startSweep() {
    if sweepCursor < 0 { sweepCursor = 0 } else { sweepsAgain = true }
  }

  /// Ends some of the sessions that are to end: those of servers in maintenance are withdrawn, those
  /// of servers that are down interrupted where their service wants that.
  @inline(never)
  mutating func sweep() {
    let top = Int(truncatingIfNeeded: sessions.highWater)
    let end = min(sweepCursor &+ Self.sweepBudget, top)
    while sweepCursor < end {
      let session = UInt32(truncatingIfNeeded: sweepCursor)
      let record = self.record(session)
      if record.pointee.version != 0 {
        if snapshot.servers[Int(record.pointee.server)].state == .maint {
          if !record.pointee.has(SessionFlags.withdrawn) { withdraw(session) }
        } else if snapshot.resetsSessions(ofServer: record.pointee.server) {
          interrupt(session)
        }
      }
      sweepCursor &+= 1
    }
    if sweepCursor >= top {
      sweepCursor = sweepsAgain ? 0 : -1
      sweepsAgain = false
    }
  }

  /// An operator's end of a session: it closes, still switched, and ends when its closing time is
  /// over, whatever traffic there is. An embryonic or interrupted one, which must not be switched, ends
  /// at once.
  private mutating func withdraw(_ session: UInt32) {
    let record = self.record(session)
    if record.pointee.state == .embryonic || record.pointee.has(SessionFlags.interrupted) {
      return end(session)
    }
    record.pointee.state = .closing
    record.pointee.clear(SessionFlags.resetSeen)
    record.pointee.set(SessionFlags.withdrawn)
    updateLoad(record)
    if record.pointee.pair != noIndex { labels.close(record.pointee.pair) }
    shorten(session)
  }
}
