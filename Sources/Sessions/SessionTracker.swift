/// What a packet means for its session.
public enum SessionEvent: UInt8, Sendable, CaseIterable {
  case none
  /// Embryonic to live.
  case promote
  /// FIN both ways: closing.
  case close
  /// A RST. An embryonic session stays so, and its time is to be shortened (never lengthened, for
  /// each RST is told); a live one is closing now.
  case reset
  /// Traffic both ways after a RST: live again.
  case reopen
}

/// Start, end and interruption of sessions, told from the packets that are analysed (protocol
/// sections 1, 3.5, 3.7 and 4). The record's state, flags and numbers are changed here; its pair, its
/// timer and `lastSeen` are the caller's.
public enum SessionTracker {
  /// One UDP packet. A client packet that follows a server packet promotes; a rebuilt session is
  /// promoted once both directions were seen.
  @inlinable
  public static func observeUDP(
    _ record: UnsafeMutablePointer<SessionRecord>, isC2S: Bool
  ) -> SessionEvent {
    guard record.pointee.state == .embryonic else { return .none }
    let promotes: Bool
    if isC2S {
      promotes = record.pointee.has(SessionFlags.seenS2C)
      record.pointee.set(SessionFlags.seenC2S)
    } else {
      promotes = record.pointee.has(SessionFlags.seenC2S | SessionFlags.rebuilt)
      record.pointee.set(SessionFlags.seenS2C)
    }
    return promotes ? promote(record) : .none
  }

  /// Traffic of a closing session that the label switch carried after `resetAt`, by the activity
  /// stamps: as good as analysed packets for reopening.
  @inlinable
  public static func observeSwitched(
    _ record: UnsafeMutablePointer<SessionRecord>, c2s: Bool, s2c: Bool
  ) -> SessionEvent {
    if c2s { record.pointee.set(SessionFlags.seenC2S) }
    if s2c { record.pointee.set(SessionFlags.seenS2C) }
    return reopenIfSeenBothWays(record)
  }

  @inlinable @inline(__always)
  static func promote(_ record: UnsafeMutablePointer<SessionRecord>) -> SessionEvent {
    record.pointee.state = .live
    record.pointee.set(SessionFlags.wasLive)
    record.pointee.clear(SessionFlags.resetSeen)
    return .promote
  }

  @inlinable @inline(__always)
  static func reopenIfSeenBothWays(
    _ record: UnsafeMutablePointer<SessionRecord>
  ) -> SessionEvent {
    guard record.pointee.state == .closing,
      record.pointee.has(
        SessionFlags.resetSeen | SessionFlags.seenC2S | SessionFlags.seenS2C)
    else { return .none }
    record.pointee.state = .live
    record.pointee.clear(SessionFlags.resetSeen)
    return .reopen
  }
}
