/// Which way a packet went.
public enum PcapngDirection: UInt32, Sendable {
  case inbound = 1
  case outbound = 2
}

extension PcapngBlocks {
  /// The length of a packet's block.
  public static func packetBlockLength(captured: Int) -> Int { 44 + (captured + 3) & ~3 }

  /// A packet (section 4.3).
  ///
  /// - Parameters:
  ///   - interface: by its place among the section's
  ///   - time: nanoseconds since the Unix epoch
  ///   - length: of the packet on its link, in bytes
  ///   - data: what was captured of it
  public mutating func addPacket(
    interface: Int, time: UInt64, direction: PcapngDirection, length: Int, data: RawSpan
  ) {
    let start = bytes.count
    let total = UInt32(Self.packetBlockLength(captured: data.byteCount))
    add(Self.packetType)
    add(total)
    add(UInt32(interface))
    addTime(time)
    add(UInt32(data.byteCount))
    add(UInt32(length))
    add(data)
    pad(data.byteCount)
    // epb_flags, whose lowest two bits are the direction (section 4.3.1).
    add(UInt16(2))
    add(UInt16(4))
    add(direction.rawValue)
    endOptions()
    add(total)
    assert(bytes.count - start == Int(total))
  }
}
