/// What a capture saw on an interface.
public struct PcapngStatistics: Sendable, Equatable {
  /// Nanoseconds since the Unix epoch.
  public var start: UInt64
  public var end: UInt64
  /// Packets that passed, those of them that the filter chose, and those of these that were lost for
  /// lack of room.
  public var received: UInt64
  public var accepted: UInt64
  public var lost: UInt64

  public init(start: UInt64, end: UInt64, received: UInt64, accepted: UInt64, lost: UInt64) {
    self.start = start
    self.end = end
    self.received = received
    self.accepted = accepted
    self.lost = lost
  }
}

extension PcapngBlocks {
  /// The length of an interface's statistics block.
  public static let statisticsBlockLength = 88

  /// An interface's statistics (section 4.6).
  public mutating func addStatistics(interface: Int, _ statistics: PcapngStatistics) {
    let start = bytes.count
    addBlock(5) { block in
      block.add(UInt32(interface))
      block.addTime(statistics.end)
      block.addOption(Option.startTime, time: statistics.start)
      block.addOption(Option.endTime, time: statistics.end)
      block.addOption(Option.received, statistics.received)
      block.addOption(Option.dropped, statistics.lost)
      block.addOption(Option.accepted, statistics.accepted)
      block.endOptions()
    }
    assert(bytes.count - start == Self.statisticsBlockLength)
  }

  private enum Option {
    static let startTime: UInt16 = 2
    static let endTime: UInt16 = 3
    static let received: UInt16 = 4
    static let dropped: UInt16 = 5
    static let accepted: UInt16 = 6
  }
}
