extension Scheduler {
  /// Of a service.
  @frozen @usableFromInline
  struct Rotation {
    /// Whether the service has been seated, and for which algorithms; `seats` are as of `epoch`.
    @usableFromInline enum Kind: UInt8 { case none, least, smooth, drawn }

    /// rr: the slot of the server chosen last, plus 1, and where it stood; 0 before the first choice.
    var last: UInt32
    var index: UInt32
    /// The snapshot for which the seats are right.
    @usableFromInline var epoch: UInt64
    var first: UInt32
    var count: UInt32
    /// The seat to look at next for what other workers did. p2c: where the next loads are kept.
    var cursor: UInt32
    /// lc, wlc and rt: the seat chosen last, plus 1, whose node may not show its turn yet.
    var pending: UInt32
    @usableFromInline var kind: Kind
    /// Whether any server has a limit of sessions.
    var hasLimits: Bool
    var reserved: UInt16
    /// lc, wlc and rt: where the turns stand. They begin at 2^20, above all seats.
    var turn: UInt64
    /// p2c: what is past this is hot.
    var quantile: Int64
    /// wrr: choices made, and the weights' sum.
    var steps: Int64
    var total: Int64
  }

  /// Of a server.
  @frozen @usableFromInline
  struct Place {
    /// wrr: its current weight is `base + steps * gain`.
    var base: Int64
    var gain: UInt32
    /// Its seat, from its service's first.
    var position: UInt32
    /// lc, wlc and rt: the turn in which it was chosen last; 0 is never.
    var turn: UInt64
    /// The slot of its service, plus 1.
    var service: UInt32
    var reserved: UInt32
  }

  /// A server of a service, as its snapshot has it.
  @frozen @usableFromInline
  struct Seat {
    var slot: UInt32
    /// 0 takes no new session, or cannot be reached. lc: else 1. Scaled (`WeightScale`).
    var weight: UInt32
    /// Concurrent sessions; `UInt32.max` without a limit; 0 also where the weight is.
    var limit: UInt32
    /// lc, wlc and rt: as the tree has them.
    var sessions: UInt32
    /// 2^64 - 1 divided by the weight, rounded down.
    var reciprocal: UInt64
    var turn: UInt64
    /// p2c: microseconds; 0 is not known.
    var responseTime: UInt32
    var reserved: UInt32

    /// (sessions + 1) / weight with 32 bits of fraction, rounded down. The weight is not 0.
    ///
    /// Division as in Granlund and Montgomery, Division by invariant integers using multiplication,
    /// PLDI 1994: with the reciprocal rounded down, at most 1 is missing.
    @inline(__always)
    func load(_ sessions: UInt32) -> Int64 {
      let dividend = (UInt64(sessions) &+ 1) << 32
      let quotient = dividend.multipliedFullWidth(by: reciprocal).high
      let rest = dividend &- quotient &* UInt64(weight)
      return Int64(bitPattern: rest >= UInt64(weight) ? quotient &+ 1 : quotient)
    }
  }
}
