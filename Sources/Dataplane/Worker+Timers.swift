import CDPDKShim
import Labels
import Sessions
import Snapshots
import Wire

extension Worker {
  /// Does a bounded part of what time moves: more steps than packets came, or a flood of new sessions
  /// would outrun their end.
  @inline(never)
  mutating func advanceTimers(received: Int = 0) {
    let steps = 32 &+ 2 &* received
    var budget = steps
    while endSome(&budget) {}
    if labels.quarantined > 0 || nextHops.needsGrace || isGraceRunning { advanceGrace(steps) }
    if sweepCursor >= 0 { sweep() }
  }

  /// Handles a few sessions whose time has come, in steps so that what each step touches has
  /// come by then.
  ///
  /// - Returns: whether there may be more
  @inline(__always)
  private mutating func endSome(_ budget: inout Int) -> Bool {
    let expired = expired
    var count = 0
    while count < Self.expiredAtOnce {
      let session = timers.nextExpired(tick, &budget)
      if session == noIndex { break }
      prefetchRecord(record(session))
      expired[count] = session
      count &+= 1
    }
    var place = 0
    while place < count {
      prefetchEnd(expired[place])
      place &+= 1
    }
    place = 0
    while place < count {
      expire(expired[place])
      place &+= 1
    }
    return count == Self.expiredAtOnce
  }

  @inline(__always)
  func prefetchRecord(_ record: UnsafeMutablePointer<SessionRecord>) {
    shim_prefetch_write(record)
    shim_prefetch_write(UnsafeRawPointer(record) + 64)
  }

  @inline(__always)
  private func prefetchEnd(_ session: UInt32) {
    let record = self.record(session)
    shim_prefetch_write(sessions.bucketAddress(record.pointee.hash))
    if record.pointee.pair != noIndex { prefetchPair(record.pointee.pair) }
  }

  /// All that is kept of a pair of this worker.
  @inline(__always)
  func prefetchPair(_ pair: UInt32) {
    let offset = shared.labelTable.offset(of: SessionLabel.c2s(pair))
    shim_prefetch_write(labels.recordAddress(pair))
    shim_prefetch_write(shared.labelTable.address(offset: offset))
    shim_prefetch(stampArray + Int(truncatingIfNeeded: offset))
  }

  /// A session's idle timeout in its present state, in ticks.
  @inline(__always)
  mutating func timeout(_ record: UnsafeMutablePointer<SessionRecord>) -> UInt32 {
    let settings = snapshot.settings
    let isTCP = record.pointee.protocolNumber == ProtocolNumber.tcp
    switch record.pointee.state {
    case .embryonic where record.pointee.has(SessionFlags.resetSeen):
      return min(settings.pointee.tcpEmbryonic, settings.pointee.tcpClosing)
    case .embryonic:
      return isTCP ? settings.pointee.tcpEmbryonic : settings.pointee.udpEmbryonic
    case .live, .sampled: return isTCP ? settings.pointee.tcpEstablished : settings.pointee.udp
    case .closing where record.pointee.has(SessionFlags.interrupted):
      return isTCP ? settings.pointee.tcpEstablished : settings.pointee.udp
    case .closing: return settings.pointee.tcpClosing
    }
  }

  /// Brings a session's timer forward to the idle timeout of its present state, if it is not nearer
  /// already. A longer timeout is found when the timer fires.
  mutating func shorten(_ session: UInt32) {
    let record = self.record(session)
    let deadline = tick &+ timeout(record) &+ 1
    if Int32(bitPattern: timers.deadline(session) &- deadline) > 0 {
      timers.schedule(session, deadline)
    }
  }

  /// A session's timer: it ends, unless it was active since, here or by label on any worker.
  @inline(never)
  private mutating func expire(_ session: UInt32) {
    let record = self.record(session)
    if record.pointee.has(SessionFlags.withdrawn) { return end(session) }
    var last = record.pointee.lastSeen
    let pair = record.pointee.pair
    if pair != noIndex {
      let activity = shared.stamps.lastActivity(pair: pair, notBefore: labels.givenAt(of: pair))
      if let latest = activity.latest, Int32(bitPattern: latest &- last) > 0 { last = latest }
      if record.pointee.state == .closing && record.pointee.has(SessionFlags.resetSeen) {
        weighReset(session)
      }
    }
    let deadline = last &+ timeout(record) &+ 1
    if Int32(bitPattern: deadline &- tick) > 0 {
      timers.schedule(session, deadline)
    } else {
      end(session)
    }
  }

  /// A session that a RST closed is live again when labels went both ways after it.
  private mutating func weighReset(_ session: UInt32) {
    let record = self.record(session)
    let since = shared.stamps.lastActivity(
      pair: record.pointee.pair, notBefore: record.pointee.resetAt &+ 1)
    let event = SessionTracker.observeSwitched(
      record, c2s: since.c2s != nil, s2c: since.s2c != nil)
    if event != .none { apply(event, to: session) }
  }

  /// Withdrawn pairs and next hops rest until every worker was quiescent once.
  private mutating func advanceGrace(_ steps: Int) {
    if isGraceRunning {
      if shim_qsbr_passed(shared.quiescence, graceToken) {
        labels.completeBatch(graceBatch)
        nextHops.endGrace(startedAt: graceStartedAt)
        isGraceRunning = false
      }
    } else if labels.hasUnsealed || nextHops.needsGrace {
      graceBatch = labels.sealBatch()
      graceToken = shim_qsbr_start(shared.quiescence)
      graceStartedAt = tick
      isGraceRunning = true
    }
    // The tick in which a pair was withdrawn had begun before.
    let quarantine = snapshot.settings.pointee.quarantine
    labels.release(now: tick, quarantine: quarantine == 0 ? 0 : quarantine &+ 1, limit: steps)
  }
}
