import Wire

/// Where a session is in its life.
public enum SessionState: UInt8, Sendable, CaseIterable {
  case embryonic = 1
  case live = 2
  case closing = 3
  /// Live, but every packet is analysed for a while to take response times (`ExchangeTracker`).
  case sampled = 4
}

/// Where a sampled session is between requests and responses.
public enum ExchangePhase: UInt8, Sendable, CaseIterable {
  /// Nothing was asked that is not answered.
  case idle
  /// Part of a request was seen.
  case asking
  /// The request is whole, its response is waited for.
  case waiting
  /// Nothing more is learnt; the session is to be switched when nothing is on its way.
  case over
}

/// What is known of a session beside its state, as bits.
public enum SessionFlags {
  /// The server is a label endpoint.
  public static let serverLabelled: UInt16 = 1 << 0
  /// The client is a label endpoint.
  public static let clientLabelled: UInt16 = 1 << 1
  /// Made from a packet that does not start a session (protocol section 3.7).
  public static let rebuilt: UInt16 = 1 << 2
  public static let finC2S: UInt16 = 1 << 3
  public static let finS2C: UInt16 = 1 << 4
  /// A RST was seen and nothing has outweighed it since. With `closing`: that is why it closes.
  public static let resetSeen: UInt16 = 1 << 5
  /// A packet of this direction, neither SYN nor RST, was seen since the start or the last RST.
  public static let seenC2S: UInt16 = 1 << 6
  public static let seenS2C: UInt16 = 1 << 7
  /// `serverISN` and `serverNext` are known.
  public static let synAckSeen: UInt16 = 1 << 8
  /// `clientISN` and `clientNext` are known.
  public static let synSeen: UInt16 = 1 << 9
  /// It was promoted once.
  public static let wasLive: UInt16 = 1 << 10
  /// That no pair could be had was counted, which is done once a session.
  public static let exhaustedCounted: UInt16 = 1 << 11
  public static let embryonicFullCounted: UInt16 = 1 << 12
  /// An operator withdrew it: it ends when its closing time is over, traffic or not.
  public static let withdrawn: UInt16 = 1 << 13
  /// Its server died: the next client packet is answered by a reset, and ends it.
  public static let interrupted: UInt16 = 1 << 14
  /// It counts no more as load of its server. The worker writes it.
  public static let isNoLoad: UInt16 = 1 << 15
}

/// A session: 128 bytes, two cache lines. The first holds what forwarding a packet of a live session
/// needs, the second what its start, its end and its timer need.
@frozen
public struct SessionRecord: Sendable {
  public var client: IPAddress
  public var virtual: IPAddress
  /// Client port, and from bit 16 virtual port, as numbers.
  public var ports: UInt32
  public var protocolNumber: UInt8
  /// 4 or 6.
  public var family: UInt8
  public var flags: UInt16 = 0
  /// The label pair; `UInt32.max` without one.
  public var pair: UInt32 = .max
  public var server: UInt32 = .max
  public var adjacencyToServer: UInt32 = .max
  public var adjacencyToClient: UInt32 = .max
  /// The tick of the last analysed packet. The worker writes it.
  public var lastSeen: UInt32 = 0
  public var state: SessionState = .embryonic
  /// Whether the record is in the table. The table writes it.
  public var isInUse = true
  /// Of a sampled session; `ExchangeTracker` writes both.
  public var exchangePhase: ExchangePhase = .idle
  /// Requests that were answered.
  public var exchangeCount: UInt8 = 0

  // The second cache line.

  public var service: UInt32 = .max
  /// Of a free record, the next free one.
  @usableFromInline var nextFree: UInt32 = .max
  /// The tick of the first packet. The worker writes it.
  public var startedAt: UInt32 = 0
  /// The tick of the RST that made the session closing. `SessionTracker` writes it and the numbers.
  public var resetAt: UInt32 = 0
  /// The client's initial sequence number, and the one after what its SYN holds; while sampled, after
  /// what was seen of it.
  public var clientISN: UInt32 = 0
  public var clientNext: UInt32 = 0
  /// The server's initial sequence number, and the one after what was seen of it while embryonic or
  /// sampled.
  public var serverISN: UInt32 = 0
  public var serverNext: UInt32 = 0
  /// Never the same for two sessions of a record in a row; 0 while the record is being made or
  /// unmade. Another thread that reads the same value before and after copying has one session.
  public var version: UInt32 = 0
  public var hash: UInt64
  /// When the server was asked what its answer is waited for, in nanoseconds of the worker's clock:
  /// while embryonic the first packet, 0 once it was answered; while sampled the request. The worker
  /// writes it.
  public var askedAt: UInt64 = 0
  public var spare: UInt64 = 0

  @inlinable @inline(__always)
  init(_ tuple: FlowTuple, hash: UInt64) {
    client = tuple.source
    virtual = tuple.destination
    ports = tuple.ports
    protocolNumber = UInt8(truncatingIfNeeded: tuple.kind)
    family = UInt8(truncatingIfNeeded: tuple.kind >> 8)
    self.hash = hash
  }

  @inlinable @inline(__always)
  public var clientPort: UInt16 { UInt16(truncatingIfNeeded: ports) }

  @inlinable @inline(__always)
  public var virtualPort: UInt16 { UInt16(truncatingIfNeeded: ports >> 16) }

  /// `FlowTuple.kind` of both directions.
  @inlinable @inline(__always)
  public var kind: UInt32 { UInt32(protocolNumber) | UInt32(family) << 8 }

  /// The key as the client's packets show it.
  @inlinable @inline(__always)
  public var tuple: FlowTuple {
    FlowTuple(source: client, destination: virtual, ports: ports, kind: kind)
  }

  /// Whether all bits of a mask of `SessionFlags` are set.
  @inlinable @inline(__always)
  public func has(_ mask: UInt16) -> Bool { flags & mask == mask }

  @inlinable @inline(__always)
  public mutating func set(_ mask: UInt16) { flags |= mask }

  @inlinable @inline(__always)
  public mutating func clear(_ mask: UInt16) { flags &= ~mask }

  @inlinable @inline(__always)
  func isC2S(_ tuple: FlowTuple) -> Bool {
    ((tuple.source.high ^ client.high) | (tuple.source.low ^ client.low)
      | (tuple.destination.high ^ virtual.high) | (tuple.destination.low ^ virtual.low)
      | UInt64((tuple.ports ^ ports) | (tuple.kind ^ kind))) == 0
  }
}
