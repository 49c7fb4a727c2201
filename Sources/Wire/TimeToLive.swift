/// Time to live and hop limit of an IP header.
public enum TimeToLive {
  /// Writes an IPv4 TTL, with the header checksum updated incrementally, or an IPv6 hop limit.
  @inlinable @inline(__always)
  public static func set(_ ip: UnsafeMutableRawPointer, _ value: UInt8) {
    if ip.load(as: UInt8.self) >> 4 == 4 {
      let bytes = UnsafeRawPointer(ip)
      let old = bytes.load16(8)
      let new = UInt16(value) << 8 | old & 0x00ff
      ip.store16(Checksum.update(bytes.load16(10), from: old, to: new), 10)
      ip.store8(value, 8)
    } else {
      ip.store8(value, 7)
    }
  }
}
