import Wire

extension SessionTracker {
  /// One TCP segment whose flags do not contradict each other.
  ///
  /// - Parameters:
  ///   - record: its session
  ///   - isC2S: whether it goes from the client to the server
  ///   - flags: the control bits, as `TCPFlags`
  ///   - sequence: the sequence number
  ///   - acknowledgement: the acknowledgement number; read only with ACK
  ///   - payloadLength: bytes of data, by the IP length
  ///   - now: the present tick
  @inlinable @inline(__always)
  public static func observeTCP(
    _ record: UnsafeMutablePointer<SessionRecord>, isC2S: Bool, flags: UInt8, sequence: UInt32,
    acknowledgement: UInt32, payloadLength: UInt32, now: UInt32
  ) -> SessionEvent {
    if record.pointee.state == .live, flags & (TCPFlags.fin | TCPFlags.rst) == 0 { return .none }
    return observeTransition(
      record, isC2S: isC2S, flags: flags, sequence: sequence, acknowledgement: acknowledgement,
      payloadLength: payloadLength, now: now)
  }

  @inlinable
  static func observeTransition(
    _ record: UnsafeMutablePointer<SessionRecord>, isC2S: Bool, flags: UInt8, sequence: UInt32,
    acknowledgement: UInt32, payloadLength: UInt32, now: UInt32
  ) -> SessionEvent {
    if flags & TCPFlags.rst != 0 { return observeReset(record, now) }
    if flags & TCPFlags.syn != 0 {
      // A SYN is no traffic: it neither reopens a session nor shows that one goes on.
      if record.pointee.state == .embryonic {
        observeSYN(record, isC2S, flags, sequence, payloadLength)
      }
      return .none
    }
    record.pointee.set(isC2S ? SessionFlags.seenC2S : SessionFlags.seenS2C)
    var event = SessionEvent.none
    if record.pointee.state == .embryonic {
      if !isC2S { advanceServer(record, sequence, payloadLength, flags) }
      if establishes(record, isC2S, flags, sequence, acknowledgement) { event = promote(record) }
    }
    if flags & TCPFlags.fin != 0 {
      record.pointee.set(isC2S ? SessionFlags.finC2S : SessionFlags.finS2C)
    }
    // An embryonic session stays so, whatever it is sent: a closing one is switched.
    if record.pointee.state != .embryonic,
      record.pointee.has(SessionFlags.finC2S | SessionFlags.finS2C)
    {
      // Ended for good: what a RST left behind does not reopen it.
      record.pointee.clear(SessionFlags.resetSeen)
      if record.pointee.state == .closing { return .none }
      record.pointee.state = .closing
      return .close
    }
    if event == .none { event = reopenIfSeenBothWays(record) }
    return event
  }

  @inlinable @inline(__always)
  static func observeReset(
    _ record: UnsafeMutablePointer<SessionRecord>, _ now: UInt32
  ) -> SessionEvent {
    switch record.pointee.state {
    case .embryonic:
      record.pointee.set(SessionFlags.resetSeen)
      record.pointee.clear(SessionFlags.seenC2S | SessionFlags.seenS2C)
      return .reset
    case .live, .sampled:
      record.pointee.state = .closing
      record.pointee.resetAt = now
      record.pointee.set(SessionFlags.resetSeen)
      record.pointee.clear(SessionFlags.seenC2S | SessionFlags.seenS2C)
      return .reset
    case .closing:
      // Traffic seen since the first RST keeps its weight, or a stream of forged ones would win.
      return .none
    }
  }

  @inlinable @inline(__always)
  static func observeSYN(
    _ record: UnsafeMutablePointer<SessionRecord>, _ isC2S: Bool, _ flags: UInt8,
    _ sequence: UInt32, _ payloadLength: UInt32
  ) {
    let end = sequence &+ 1 &+ payloadLength
    if isC2S {
      if flags & TCPFlags.ack != 0 { return }
      record.pointee.clientISN = sequence
      record.pointee.clientNext = end
      record.pointee.set(SessionFlags.synSeen)
      // From here on it is a handshake, to be completed as such.
      record.pointee.clear(SessionFlags.rebuilt)
    } else if flags & TCPFlags.ack != 0 {
      if record.pointee.has(SessionFlags.synAckSeen), record.pointee.serverISN == sequence {
        advance(record, end)
      } else {
        record.pointee.serverISN = sequence
        record.pointee.serverNext = end
        record.pointee.set(SessionFlags.synAckSeen)
      }
    }
  }

  @inlinable @inline(__always)
  static func advanceServer(
    _ record: UnsafeMutablePointer<SessionRecord>, _ sequence: UInt32, _ payloadLength: UInt32,
    _ flags: UInt8
  ) {
    guard record.pointee.has(SessionFlags.synAckSeen) else { return }
    advance(record, sequence &+ payloadLength &+ UInt32(flags & TCPFlags.fin))
  }

  @inlinable @inline(__always)
  static func advance(_ record: UnsafeMutablePointer<SessionRecord>, _ end: UInt32) {
    if Int32(bitPattern: end &- record.pointee.serverNext) > 0 { record.pointee.serverNext = end }
  }

  /// Whether a segment, neither SYN nor RST, makes an embryonic session live.
  @inlinable @inline(__always)
  static func establishes(
    _ record: UnsafeMutablePointer<SessionRecord>, _ isC2S: Bool, _ flags: UInt8,
    _ sequence: UInt32, _ acknowledgement: UInt32
  ) -> Bool {
    if record.pointee.has(SessionFlags.synAckSeen) {
      // The client acknowledges what the server sent: (serverISN, serverNext].
      let isn = record.pointee.serverISN
      return isC2S && flags & TCPFlags.ack != 0 && acknowledgement != isn
        && acknowledgement &- isn <= record.pointee.serverNext &- isn
    }
    if record.pointee.has(SessionFlags.rebuilt) {
      return record.pointee.has(SessionFlags.seenC2S | SessionFlags.seenS2C)
    }
    // A server that is no label endpoint may have answered past the appliance: [ISN + 1, next].
    let first = record.pointee.clientISN &+ 1
    return isC2S && flags & TCPFlags.ack != 0
      && record.pointee.flags & (SessionFlags.synSeen | SessionFlags.serverLabelled)
        == SessionFlags.synSeen
      && sequence &- first <= record.pointee.clientNext &- first
  }
}
