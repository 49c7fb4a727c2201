import CDPDKShim

/// What a worker keeps of the health check along the path of one server whose checks it owns. All
/// zero without one.
struct ProbeEntry {
  /// The pair that the check under way has; 0, which is no session's pair, without one.
  var pair: UInt32 = 0
  /// The tick of the check's last packet.
  var lastSeen: UInt32 = 0
  /// Packets of the server that the check may still get.
  var left: UInt32 = 0
  // Counted for the manager, modulo 2^32.
  var answers: UInt32 = 0
  var unlabelled: UInt32 = 0
  var unsent: UInt32 = 0
  private var padding: UInt64 = 0
}

/// One worker's checks along the path, by server slot.
struct ProbeTable {
  /// What one check may get of its server: the 64 KiB of a body in small segments, and some more.
  static let answerLimit: UInt32 = 256

  /// nil where no port has a kernel twin, and so no address that checks could come from.
  let entries: UnsafeMutablePointer<ProbeEntry>?
  let capacity: UInt32
  /// The slots from here on never had a check.
  var top: UInt32 = 0
  /// Where the search for pairs that were left over stands, and the tick of its last step.
  var cursor: UInt32 = 0
  var sweptAt: UInt32 = 0

  @inline(__always)
  subscript(slot: UInt32) -> UnsafeMutablePointer<ProbeEntry> {
    entries.unsafelyUnwrapped + Int(truncatingIfNeeded: slot)
  }
}

/// What came of the packets of checks along the path, for any thread to read.
public struct ProbeEvents: @unchecked Sendable {
  /// Numbers that only grow, modulo 2^32.
  public struct Counts: Sendable, Equatable {
    /// Packets of the server that were given to its checks.
    public internal(set) var answers: UInt32 = 0
    /// Answers to a connection that lacked the label they should have had.
    public internal(set) var unlabelled: UInt32 = 0
    /// Packets to the server that had no way.
    public internal(set) var unsent: UInt32 = 0

    public static func - (left: Counts, right: Counts) -> Counts {
      Counts(
        answers: left.answers &- right.answers, unlabelled: left.unlabelled &- right.unlabelled,
        unsent: left.unsent &- right.unsent)
    }
  }

  let tables: [ProbeTable]

  public func counts(server slot: UInt32) -> Counts {
    var counts = Counts()
    for table in tables where table.entries != nil && slot < table.capacity {
      counts.answers &+= shim_read32(&table[slot].pointee.answers)
      counts.unlabelled &+= shim_read32(&table[slot].pointee.unlabelled)
      counts.unsent &+= shim_read32(&table[slot].pointee.unsent)
    }
    return counts
  }
}

extension Appliance {
  /// Valid as long as the appliance is.
  public var probeEvents: ProbeEvents {
    ProbeEvents(tables: (0..<options.workers).map { workers[$0].probes })
  }
}
