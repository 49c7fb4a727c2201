/// What a frame takes along over a ring between workers. The frame itself goes unchanged, and the
/// receiving worker meets it as if it had come in there.
struct HandoverNote {
  enum Kind: UInt8 {
    case none
    /// A fragment whose ports are known now, for the session's owner.
    case fragment
    /// Ready to be sent on a port of which the receiving worker has the queue.
    case transmit
    /// Of a health check along the path, for the worker that its answer will come to.
    case probe
  }

  var word: UInt64

  @inline(__always)
  init(word: UInt64) { self.word = word }

  @inline(__always)
  init(_ kind: Kind) { word = UInt64(kind.rawValue) << 56 }

  @inline(__always)
  static func fragment(ports: UInt32, protocolNumber: UInt8) -> HandoverNote {
    var note = HandoverNote(.fragment)
    note.word |= UInt64(protocolNumber) << 32 | UInt64(ports)
    return note
  }

  /// Whether the session label was found unknown: its entry is not to be looked at again, or two
  /// workers that see it differently would hand the frame to and fro.
  @inline(__always)
  var isUnknownLabel: Bool {
    get { word & 1 << 48 != 0 }
    set { word = newValue ? word | 1 << 48 : word & ~(1 << 48) }
  }

  @inline(__always)
  func isKind(_ kind: Kind) -> Bool { UInt8(truncatingIfNeeded: word >> 56) == kind.rawValue }

  @inline(__always)
  var ports: UInt32 { UInt32(truncatingIfNeeded: word) }

  @inline(__always)
  var protocolNumber: UInt8 { UInt8(truncatingIfNeeded: word >> 32) }
}
