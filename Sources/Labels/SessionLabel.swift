/// The arithmetic of session labels (protocol sections 1 and 2). A pair is two consecutive labels:
/// the client-to-server one is odd, the server-to-client one is that plus 1.
public enum SessionLabel {
  /// The lowest session label: 0 to 15 are reserved (RFC 3032 2.1) and 16 has no partner.
  public static let first: UInt32 = 17
  /// The highest session label: 1,048,575 has no partner.
  public static let last: UInt32 = 1_048_574

  @inlinable @inline(__always)
  public static func isSessionLabel(_ label: UInt32) -> Bool {
    label &- first <= last &- first
  }

  /// The pair that a session label belongs to. Meaningless for label 0.
  @inlinable @inline(__always)
  public static func pairIndex(of label: UInt32) -> UInt32 { (label &- 1) >> 1 }

  /// The client-to-server label of a pair.
  @inlinable @inline(__always)
  public static func c2s(_ pair: UInt32) -> UInt32 { pair << 1 | 1 }

  /// The server-to-client label of a pair.
  @inlinable @inline(__always)
  public static func s2c(_ pair: UInt32) -> UInt32 { (pair << 1) &+ 2 }

  @inlinable @inline(__always)
  public static func isC2S(_ label: UInt32) -> Bool { label & 1 != 0 }
}
