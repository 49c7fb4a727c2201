/// A server that has come up or joined gets a growing part of its weight, so that its caches fill and
/// its threads start before the full load comes (as HAProxy's and nginx's slow start).
///
/// The manager publishes the part (`ServerRecord.ramp`) about once a second. It counts in wrr, lc,
/// wlc, rt and p2c; rr has no weights, and in maglev a part that grows would move sessions.
public enum SlowStart {
  /// What a server begins with, in 256ths: a tenth.
  static let first: UInt64 = 26

  /// `ServerRecord.ramp`: from a tenth to all, in equal steps of time.
  ///
  /// - Parameters:
  ///   - elapsed: since the server came up or joined; in the unit of `duration`, below 2^48
  ///   - duration: 0 has no slow start
  /// - Returns: 256ths; 0 where all of the weight counts
  public static func ramp(elapsed: UInt64, duration: UInt64) -> UInt8 {
    guard elapsed < duration else { return 0 }
    return UInt8(max(first, min(255, 256 * elapsed / duration)))
  }
}
