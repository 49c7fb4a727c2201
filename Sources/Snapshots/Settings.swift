/// What holds for the whole appliance. Times are in ticks (`Settings.tickNanoseconds`).
@frozen
public struct Settings: Sendable {
  /// The coarse clock of timers and activity stamps: 2^24 ns, about 16.8 ms.
  public static let tickShift: UInt64 = 24
  public static let tickNanoseconds: UInt64 = 1 << tickShift

  public var tcpEmbryonic: UInt32 = 0
  public var tcpEstablished: UInt32 = 0
  public var tcpClosing: UInt32 = 0
  public var udpEmbryonic: UInt32 = 0
  public var udp: UInt32 = 0
  public var quarantine: UInt32 = 0
  /// RST and ICMP a second over all workers, burst the same.
  public var answersPerSecond: UInt32 = 1000
  /// Packets a second of one kind that a worker gives to a port's kernel twin (`KernelLimit`).
  public var kernelPacketsPerSecond: UInt32 = 10_000
  /// Percent of a worker's pairs, and of its session table, that may be embryonic.
  public var embryonicShare: UInt32 = 25
  public var guardPort = false
  public var unknownDiscard = false
  /// The smallest MTU of any port: what is no larger fits every link. `SnapshotContents.build` sets it.
  public var smallestMTU: UInt16 = 0
  /// Whether any server's sessions are to be ended: it is in maintenance, or down in a service that
  /// resets then. `SnapshotContents.build` sets it.
  public var endsSessions = false

  public init() {}

  /// Rounds up, so that a timeout is never shorter than asked for.
  public static func ticks(nanoseconds: UInt64) -> UInt32 {
    UInt32(clamping: (nanoseconds &+ (tickNanoseconds &- 1)) >> tickShift)
  }
}
