import Snapshots

/// A received frame on its way through a worker.
struct Frame {
  let mbuf: OpaquePointer
  let data: UnsafeMutableRawPointer
  /// Bytes in the first buffer.
  var available: Int
  /// Bytes in all buffers.
  var total: Int
  /// Index of the port that it came in by.
  let port: Int
  /// Offset of what follows the ethertype.
  var link: Int
  /// Offset of the IP header.
  var ip: Int
  /// The TTL that popped labels hand to IP; negative when there were none.
  var ttl = -1
  /// The session label that it carried; 0 without one.
  var label: UInt32 = 0
  var trafficClass: UInt8 = 0
  var hadExplicitNull = false
  /// Whether its session label failed a test of entry, side or guard.
  var isUnknownLabel = false
  /// The embryonic pair that its label names, or `noIndex`.
  var pair = noIndex
  var note: HandoverNote

  /// The frame without what stands behind `end`. The buffer is the caller's to cut.
  func cut(to end: Int) -> Frame {
    var frame = self
    frame.available = end
    frame.total = end
    return frame
  }

  /// The sender's address, as `MACAddress.word`.
  @inline(__always)
  var sourceMAC: UInt64 { UnsafeRawPointer(data).macAddress(6).word }
}
