import Wire

/// What a packet of a sampled session means for the requests and responses in it.
public enum ExchangeEvent: UInt8, Sendable, CaseIterable {
  case none
  /// With this packet a request is whole: time begins.
  case request
  /// The first packet of the response to it: time ends.
  case response
  /// From here on packets would not tell which response belongs to which request.
  case end
}

/// Requests and responses of a sampled session, told from its packets: a strict alternation, in which
/// each response can only be the answer to the request before it. At the first packet that does not
/// fit, nothing more is learnt from the session, since a wrong time is worse than none: a request
/// that was sent again may be answered from either copy (Karn, Partridge, Improving round-trip time
/// estimates in reliable transport protocols, SIGCOMM 1987), and of pipelined ones the later are
/// answered before they would have been.
///
/// The record's phase, count and next sequence numbers are changed here; its state and `askedAt` are
/// the caller's.
public enum ExchangeTracker {
  /// Requests of a session that are timed.
  public static let most: UInt8 = 4

  /// One TCP segment of a session whose handshake was seen.
  ///
  /// A request is what the client sends up to PSH, which ends what its program wrote (RFC 9293
  /// 3.9.1.2), or to FIN: time begins when the server has all of it, however long the client took
  /// to send it. Its response is the first data that acknowledges it, so that what crosses it on the
  /// way is none. Segments without data mean nothing: acknowledgements, keep-alives, windows.
  ///
  /// - Parameters: as of `SessionTracker.observeTCP`
  @inlinable
  public static func observeTCP(
    _ record: UnsafeMutablePointer<SessionRecord>, isC2S: Bool, flags: UInt8, sequence: UInt32,
    acknowledgement: UInt32, payloadLength: UInt32
  ) -> ExchangeEvent {
    if flags & (TCPFlags.syn | TCPFlags.rst) != 0 { return .none }
    if payloadLength == 0 {
      // After its FIN a client asks nothing, but what it asked is still answered.
      let isLast = isC2S && flags & TCPFlags.fin != 0 && record.pointee.exchangePhase != .waiting
      return isLast ? .end : .none
    }
    let end = sequence &+ payloadLength
    return isC2S
      ? observeRequest(record, flags, sequence, acknowledgement, end: end)
      : observeResponse(record, flags, sequence, acknowledgement, end: end)
  }

  /// Whether a client's segment shows that nothing is on its way: the client has got all that was seen of
  /// the server. Packets that another worker switches from now on
  /// overtake none that were handed over to be analysed.
  @inlinable
  public static func isQuiet(
    _ record: UnsafeMutablePointer<SessionRecord>, isC2S: Bool, flags: UInt8,
    acknowledgement: UInt32
  ) -> Bool {
    isC2S && flags & TCPFlags.ack != 0 && acknowledgement == record.pointee.serverNext
  }

  /// One UDP packet: the client's, then the server's, one each in turn.
  @inlinable
  public static func observeUDP(
    _ record: UnsafeMutablePointer<SessionRecord>, isC2S: Bool
  ) -> ExchangeEvent {
    let isWaiting = record.pointee.exchangePhase == .waiting
    if isC2S == isWaiting { return .end }
    if isC2S {
      record.pointee.exchangePhase = .waiting
      return .request
    }
    return answered(record)
  }

  @inlinable @inline(__always)
  static func observeRequest(
    _ record: UnsafeMutablePointer<SessionRecord>, _ flags: UInt8, _ sequence: UInt32,
    _ acknowledgement: UInt32, end: UInt32
  ) -> ExchangeEvent {
    if record.pointee.exchangePhase == .over { return .none }
    // Sent again, or something before it was lost.
    guard sequence == record.pointee.clientNext else { return .end }
    switch record.pointee.exchangePhase {
    case .idle:
      // A client that has not yet got all of a response and asks more has asked before.
      guard flags & TCPFlags.ack != 0, acknowledgement == record.pointee.serverNext
      else { return .end }
    case .asking: break
    case .waiting, .over: return .end
    }
    record.pointee.clientNext = end
    let isWhole = flags & (TCPFlags.psh | TCPFlags.fin) != 0
    record.pointee.exchangePhase = isWhole ? .waiting : .asking
    return isWhole ? .request : .none
  }

  @inlinable @inline(__always)
  static func observeResponse(
    _ record: UnsafeMutablePointer<SessionRecord>, _ flags: UInt8, _ sequence: UInt32,
    _ acknowledgement: UInt32, end: UInt32
  ) -> ExchangeEvent {
    let next = record.pointee.serverNext
    // Sent again.
    if Int32(bitPattern: end &- next) <= 0 { return .none }
    record.pointee.serverNext = end
    switch record.pointee.exchangePhase {
    case .idle, .over: return .none
    case .asking: return .end
    case .waiting:
      // One more with the client's FIN. What came before it was lost may have been the beginning.
      guard Int32(bitPattern: sequence &- next) <= 0, flags & TCPFlags.ack != 0,
        acknowledgement &- record.pointee.clientNext <= 1
      else { return .end }
      return answered(record)
    }
  }

  @inlinable @inline(__always)
  static func answered(_ record: UnsafeMutablePointer<SessionRecord>) -> ExchangeEvent {
    record.pointee.exchangePhase = .idle
    record.pointee.exchangeCount &+= 1
    return .response
  }
}
