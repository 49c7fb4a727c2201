/// "None" for every 32-bit index in a snapshot.
public let noIndex: UInt32 = .max

/// What an operator wants of a server.
public enum ServerState: UInt8, Sendable, CaseIterable {
  /// Takes new sessions.
  case ready
  /// Takes no new session and keeps those it has.
  case drain
  /// Takes no new session, and those it has are withdrawn.
  case maint
}

/// What health checks say of a server. An unknown one takes sessions.
public enum ServerHealth: UInt8, Sendable, CaseIterable {
  case unknown
  case up
  case down
}

/// Which hosts send through a port.
public enum PortSide: UInt8, Sendable, CaseIterable {
  case client
  case server
  /// One-arm: clients and servers behind the same port.
  case both

  @inlinable public var facesClients: Bool { self != .server }
  @inlinable public var facesServers: Bool { self != .client }
}

public enum Algorithm: UInt8, Sendable, CaseIterable {
  case rr, wrr, lc, wlc, rt, p2c, maglev

  /// Whether it chooses by servers' response times.
  public var comparesResponseTimes: Bool { self == .rt || self == .p2c }
}

/// Which clients of a service are label endpoints.
public enum ClientLabelling: UInt8, Sendable, CaseIterable {
  /// Those that say so, by explicit null or a C2S label.
  case auto
  case labelled
  case plain
}

/// What the client of a refused session is told.
public enum RefusalAnswer: UInt8, Sendable, CaseIterable {
  /// TCP RST; for UDP, ICMP port unreachable.
  case reset
  /// ICMP communication administratively prohibited.
  case icmp
  case drop
}

/// What the sessions of a server that is down get.
public enum DownAction: UInt8, Sendable, CaseIterable {
  case keep
  /// The answer to the client's next packet ends them: TCP RST; for UDP, ICMP port unreachable.
  case reset
}

/// A server of one service. Its index in the snapshot is its slot, which stays the server's own for
/// as long as any session refers to it, over all snapshots.
@frozen
public struct ServerRecord: Sendable {
  public var serviceSlot: UInt32 = noIndex
  /// Index into the snapshot's adjacencies: the way to the server. `noIndex` while it is not known.
  public var adjacency: UInt32 = noIndex
  /// 0 takes no new session. Of a service whose algorithm is rt, what the response times make of the
  /// configured weight.
  public var weight: UInt32 = 1
  /// Concurrent sessions; 0 means no limit.
  public var maxSessions: UInt32 = 0
  /// The Ethernet address, as `MACAddress.word`; 0 while it is not known.
  public var mac: UInt64 = 0
  public var state: ServerState = .ready
  public var health: ServerHealth = .unknown
  /// Whether the host is a label endpoint.
  public var labels = true
  /// Whether the slot holds a server at all.
  public var inUse = false
  /// Bits 0 to 23: the response time; 24 to 31: the ramp.
  @usableFromInline var performance: UInt32 = 0

  public init() {}

  /// How long it takes to answer, in microseconds; 0 while that is not known. The most that can be
  /// said is 2^24 - 1, 16.8 s; more becomes that.
  @inlinable public var responseTime: UInt32 {
    get { performance & 0xff_ffff }
    set { performance = performance & 0xff00_0000 | min(newValue, 0xff_ffff) }
  }

  /// While it starts slowly, the part of its weight that counts, in 256ths; 0: all of it.
  @inlinable public var ramp: UInt8 {
    get { UInt8(truncatingIfNeeded: performance >> 24) }
    set { performance = performance & 0xff_ffff | UInt32(newValue) << 24 }
  }

  /// Whether new sessions are meant for it, session limits aside. Maglev's tables hold these, so that
  /// they name the same servers before and after a start.
  @inlinable @inline(__always)
  public var takesNewSessions: Bool {
    inUse && state == .ready && health != .down && weight > 0
  }

  /// Whether the way to it is known.
  @inlinable @inline(__always)
  public var isReachable: Bool { adjacency != noIndex }
}

/// A service. Its index in the snapshot is its slot, stable as a server's is.
@frozen
public struct ServiceRecord: Sendable {
  public var addressHigh: UInt64 = 0
  public var addressLow: UInt64 = 0
  /// The service's server slots: `serverCount` entries of the snapshot's `serverSlots` from here,
  /// in configuration order. Servers that have left the configuration are not among them.
  public var firstServer: UInt32 = 0
  public var serverCount: UInt32 = 0
  /// Concurrent sessions over all workers; 0 means no limit.
  public var maxSessions: UInt32 = 0
  /// New sessions a second over all workers; 0 means no limit.
  public var newSessionsPerSecond: UInt32 = 0
  /// The Maglev table: `maglevSize` entries of the snapshot's `maglevEntries` from here, each an
  /// index among the service's servers, or `ServiceRecord.noServer`. Every service has one, since
  /// SYNs without state need it whatever the algorithm is.
  public var maglevOffset: UInt32 = 0
  public var maglevSize: UInt32 = 0
  public var lowPort: UInt16 = 0
  public var highPort: UInt16 = 0
  /// `ProtocolNumber.tcp` or `.udp`.
  public var protocolNumber: UInt8 = 0
  public var algorithm: Algorithm = .rr
  public var clients: ClientLabelling = .auto
  /// Bits 0 and 1: `refuseWith`; bit 2: `onDown`; bit 3: `seeksServer`.
  @usableFromInline var answers: UInt8 = 0
  public var inUse = false
  /// It has left the configuration: no address leads to it any more, and the record only serves the
  /// sessions that it still has.
  public var retired = false
  /// Whether all of its servers are label endpoints, and none has a limit of sessions: whichever is
  /// chosen, a SYN past the embryonic share leaves no state. `SnapshotContents.build` sets it.
  public var isUniform = false
  /// Percent of the sessions that come to life whose requests are timed.
  public var responseSamples: UInt8 = 0
  /// Which clients may come: `accessCount` of the snapshot's `accessRanges` from here; 0 of them
  /// admit all.
  public var accessOffset: UInt32 = 0
  public var accessCount: UInt32 = 0
  /// Bits 0 to 23: `newSessionsPerClient`; 24 to 31: `clientPrefix`.
  @usableFromInline var clientLimit: UInt32 = 0

  /// New sessions a second of one client; 0 means no limit, 2^24 - 1 is the most.
  @inlinable public var newSessionsPerClient: UInt32 {
    get { clientLimit & 0xff_ffff }
    set { clientLimit = clientLimit & 0xff00_0000 | min(newValue, 0xff_ffff) }
  }

  /// How many of the 128 bits of an address say which client it is; of IPv4 the first 96 are alike.
  @inlinable public var clientPrefix: UInt8 {
    get { UInt8(truncatingIfNeeded: clientLimit >> 24) }
    set { clientLimit = clientLimit & 0xff_ffff | UInt32(newValue) << 24 }
  }

  /// What the client of a refused session is told.
  @inlinable public var refuseWith: RefusalAnswer {
    get { RefusalAnswer(rawValue: answers & 3) ?? .reset }
    set { answers = answers & ~3 | newValue.rawValue }
  }

  /// What the sessions of a server that is down get.
  @inlinable public var onDown: DownAction {
    get { answers & 4 != 0 ? .reset : .keep }
    set { answers = answers & ~4 | newValue.rawValue << 2 }
  }

  /// Whether new sessions are meant for a server to which the way is not known yet.
  /// `SnapshotContents.build` sets it.
  @inlinable public var seeksServer: Bool {
    get { answers & 8 != 0 }
    set { answers = answers & ~8 | (newValue ? 8 : 0) }
  }

  public static let noServer: UInt16 = .max

  public init() {}
}
