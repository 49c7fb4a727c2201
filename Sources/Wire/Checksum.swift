/// The Internet checksum.
public enum Checksum {
  /// The ones' complement sum of 16-bit words (RFC 1071), without the final complement.
  ///
  /// - Parameters:
  ///   - count: bytes; an odd last one counts as if a zero byte followed
  ///   - initial: a sum so far, such as a pseudo-header's
  @inlinable
  public static func sum(_ bytes: UnsafeRawPointer, count: Int, initial: UInt32 = 0) -> UInt16 {
    // Words of any size may be added as they lie: the ones' complement sum does not mind byte order
    // (RFC 1071 2 B), so one swap at the end does for all.
    var total: UInt64 = UInt64(initial.byteSwapped)
    var offset = 0
    while offset &+ 4 <= count {
      total &+= UInt64(bytes.word(offset, as: UInt32.self))
      offset &+= 4
    }
    if offset &+ 2 <= count {
      total &+= UInt64(bytes.word(offset, as: UInt16.self))
      offset &+= 2
    }
    if offset < count { total &+= UInt64(bytes.load8(offset)) }
    total = (total & 0xffff_ffff) &+ (total >> 32)
    total = (total & 0xffff) &+ ((total >> 16) & 0xffff) &+ (total >> 32)
    total = (total & 0xffff) &+ (total >> 16)
    total = (total & 0xffff) &+ (total >> 16)
    return UInt16(truncatingIfNeeded: total).byteSwapped
  }

  /// Whether the checksum of an IPv4 header without options, 20 bytes, is right.
  @inlinable @inline(__always)
  public static func isValidIPv4Header(_ ip: UnsafeRawPointer) -> Bool {
    let first = ip.word(0, as: UInt64.self)
    let second = ip.word(8, as: UInt64.self)
    var total =
      (first & 0xffff_ffff) &+ (first &>> 32) &+ (second & 0xffff_ffff) &+ (second &>> 32)
      &+ UInt64(ip.word(16, as: UInt32.self))
    total = (total & 0xffff_ffff) &+ (total &>> 32)
    total = (total & 0xffff) &+ (total &>> 16)
    total = (total & 0xffff) &+ (total &>> 16)
    total = (total & 0xffff) &+ (total &>> 16)
    return total == 0xffff
  }

  /// A checksum after one 16-bit word under it has changed: RFC 1624 equation 3.
  @inlinable @inline(__always)
  public static func update(_ checksum: UInt16, from old: UInt16, to new: UInt16) -> UInt16 {
    var total = UInt32(~checksum) &+ UInt32(~old) &+ UInt32(new)
    total = (total & 0xffff) &+ (total >> 16)
    total = (total & 0xffff) &+ (total >> 16)
    return ~UInt16(truncatingIfNeeded: total)
  }

  /// The sum of TCP's, UDP's or ICMPv6's pseudo-header (RFC 9293 3.1, RFC 8200 8.1), to be the
  /// `initial` of `sum`.
  public static func pseudoHeader(
    source: IPAddress, destination: IPAddress, protocolNumber: UInt8, length: Int
  ) -> UInt32 {
    func add(_ address: IPAddress) -> UInt32 {
      if address.isIPv4 {
        let word = address.ipv4Word.byteSwapped
        return (word >> 16) &+ (word & 0xffff)
      }
      let high = address.high.byteSwapped
      let low = address.low.byteSwapped
      return UInt32(high >> 48) &+ UInt32(high >> 32 & 0xffff) &+ UInt32(high >> 16 & 0xffff)
        &+ UInt32(high & 0xffff) &+ UInt32(low >> 48) &+ UInt32(low >> 32 & 0xffff)
        &+ UInt32(low >> 16 & 0xffff) &+ UInt32(low & 0xffff)
    }
    return add(source) &+ add(destination) &+ UInt32(protocolNumber)
      &+ UInt32(truncatingIfNeeded: length)
  }
}
