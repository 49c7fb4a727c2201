import Balancing
import Sessions

/// One worker's part of a packet trace: which packets, how many, and what was seen. The manager makes
/// it and sends it as an order; the worker fills it.
struct TraceControl {
  static let entryBytes = 256

  /// False when tracing is off or enough packets were taken.
  var isActive = false
  /// A compiled filter, nil for every packet.
  var filter: OpaquePointer?
  var wanted: UInt64 = 0
  /// Entries that are complete; stored with release.
  var captured: UInt64 = 0
  var entries: UnsafeMutablePointer<TraceEntry>?
  /// A copy of the counters before a packet, to see what it counted.
  var before: UnsafeMutablePointer<UInt64>?

  init() {}
}

/// The path of one packet: the frame as it came, what the tables held for it, what it was counted as,
/// and the frame as it left.
struct TraceEntry {
  /// What `outcome` holds for a packet that went to another worker.
  static let handedOver: UInt32 = .max

  var time: UInt64 = 0
  var port: UInt32 = 0
  var length: UInt32 = 0
  var beforeCount: UInt32 = 0
  var afterCount: UInt32 = 0
  /// The counter block's place of the packet's outcome.
  var outcome: UInt32 = 0
  /// The port that it, its answer or its first fragment left by; `UInt32.max` if none.
  var egress: UInt32 = .max
  /// The session label and its entry in the switch table before the packet; 0 without a label.
  var label: UInt32 = 0
  var entry: UInt64 = 0
  /// Whether it came from another worker.
  var isHandedOver = false
  var isAnswered = false
  /// Why a session was refused, if one was.
  var refusal = AdmissionVerdict.admitted
  /// Whether an address and port pair could be read.
  var hasKey = false
  var hadSession = false
  var hasSession = false
  /// The session after the packet, if `hasSession`.
  var record: SessionRecord?
  var bytesBefore: UnsafeMutableRawPointer
  var bytesAfter: UnsafeMutableRawPointer
}
