/// The source port of a health check along the traffic's path names the server that it is for: ports
/// from the highest down, by the server's slot. The fewer than 65,536 slots are all told apart, and a
/// server keeps its port as it keeps its slot.
public enum ProbePort {
  @inlinable @inline(__always)
  public static func of(server slot: UInt32) -> UInt16 {
    UInt16(truncatingIfNeeded: 65_535 &- slot)
  }

  /// The server's slot, which may be nobody's.
  @inlinable @inline(__always)
  public static func server(_ port: UInt16) -> UInt32 { 65_535 &- UInt32(port) }
}
