/// Time to live and hop limit of an IP header.
public enum TimeToLive {
  /// Writes an IPv4 TTL, with the header checksum updated incrementally, or an IPv6 hop limit.
  @inlinable @inline(__always)
  public static func set(_ ip: UnsafeMutableRawPointer, _ value: UInt8) {
    if ip.load(as: UInt8.self) >> 4 == 4 {
      // All three words as they lie: the ones' complement sum does not mind (RFC 1071 2 B).
      let bytes = UnsafeRawPointer(ip)
      let old = bytes.word(8, as: UInt16.self)
      let new = UInt16(value).littleEndian | old & 0xff00
      let checksum = Checksum.update(bytes.word(10, as: UInt16.self), from: old, to: new)
      ip.storeBytes(of: checksum, toByteOffset: 10, as: UInt16.self)
      ip.store8(value, 8)
    } else {
      ip.store8(value, 7)
    }
  }
}
