/// A 48-bit Ethernet address, in the low six bytes of a word as a little-endian load of its
/// network-order bytes gives them: the first byte on the wire is the lowest.
@frozen
public struct MACAddress: Hashable, Sendable {
  public var word: UInt64

  @inlinable @inline(__always)
  public init(word: UInt64) { self.word = word & 0xffff_ffff_ffff }

  /// The group bit, the first one on the wire (IEEE 802-2014 8.2.2).
  @inlinable @inline(__always)
  public var isMulticast: Bool { word & 1 != 0 }

  /// Reads `02:00:00:00:00:01`, hexadecimal pairs parted by colons; nil if it is anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 6 else { return nil }
    var word: UInt64 = 0
    for (index, part) in parts.enumerated() {
      guard part.count == 2, part.allSatisfy(\.isHexDigit), let byte = UInt8(part, radix: 16)
      else { return nil }
      word |= UInt64(byte) << UInt64(8 * index)
    }
    self.word = word
  }
}

extension MACAddress: CustomStringConvertible {
  public var description: String {
    (0..<6).map { index in
      let byte = UInt8(truncatingIfNeeded: word >> UInt64(8 * index))
      return (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined(separator: ":")
  }
}
