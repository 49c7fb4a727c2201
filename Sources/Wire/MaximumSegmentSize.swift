/// The maximum segment size option of a TCP header (RFC 9293 3.7.1).
public enum MaximumSegmentSize {
  /// Lowers the option to `limit` where it asks for more, and updates the TCP checksum
  /// incrementally. A header without the option stays as it is: the default is small enough.
  ///
  /// - Parameter headerLength: of the TCP header, all of it readable and writable
  /// - Returns: whether the option was lowered
  @inlinable
  @discardableResult
  public static func clamp(
    _ tcp: UnsafeMutableRawPointer, headerLength: Int, limit: UInt16
  ) -> Bool {
    let bytes = UnsafeRawPointer(tcp)
    var offset = 20
    while offset < headerLength {
      switch bytes.load8(offset) {
      case 0: return false
      case 1: offset &+= 1
      case 2:
        guard offset &+ 4 <= headerLength, bytes.load8(offset &+ 1) == 4 else { return false }
        let value = bytes.load16(offset &+ 2)
        guard value > limit else { return false }
        tcp.store16(limit, offset &+ 2)
        // A field at an odd offset lies across two of the checksum's words: both its bytes count
        // in the other half, which is what swapping them does.
        let isOdd = offset & 1 != 0
        tcp.store16(
          Checksum.update(
            bytes.load16(16), from: isOdd ? value.byteSwapped : value,
            to: isOdd ? limit.byteSwapped : limit), 16)
        return true
      default:
        guard offset &+ 2 <= headerLength else { return false }
        let length = Int(bytes.load8(offset &+ 1))
        guard length >= 2 else { return false }
        offset &+= length
      }
    }
    return false
  }
}
