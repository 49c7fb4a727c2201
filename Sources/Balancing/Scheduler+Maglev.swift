import Snapshots

extension Scheduler {
  /// Table entries that a walk looks at before it goes over the servers themselves.
  private static let mostEntries = 64

  /// The slot of the server that the service's Maglev table names for a hash, or `noIndex` if no
  /// server takes new sessions.
  ///
  /// It depends on the snapshot and the hash alone, so that a SYN that left no state and the ACK
  /// that follows it reach the same server, by whatever worker. Limits are not looked at, nor whether
  /// the way to the server is known: that differs before and after a restart, and its sessions do not.
  public static func maglevServer(
    record: UnsafePointer<ServiceRecord>, snapshot: Snapshot, hash: UInt64
  ) -> UInt32 {
    let servers = snapshot.servers
    return walk(record, snapshot, hash) { slot in
      servers[Int(truncatingIfNeeded: slot)].takesNewSessions
    }
  }

  /// The first server that `mayTake` accepts, from the hash's entry on. Behind a server's entry lie
  /// those of all others, near to their shares, so that its sessions spread over them. Where few
  /// servers are left, the service's servers are tried one by one.
  @inline(__always)
  static func walk(
    _ record: UnsafePointer<ServiceRecord>, _ snapshot: Snapshot, _ hash: UInt64,
    _ mayTake: (UInt32) -> Bool
  ) -> UInt32 {
    let slots = snapshot.slots(of: record)
    let count = Int(record.pointee.serverCount)
    let size = Int(record.pointee.maglevSize)
    let entries = snapshot.maglevEntries + Int(record.pointee.maglevOffset)
    // Taken from the high bits of a mixed hash: a share of a hash that also spreads sessions over
    // workers would be uneven, and the product needs no division.
    let mixed = StableHash.mix(hash)
    var position = Int(truncatingIfNeeded: mixed.multipliedFullWidth(by: UInt64(size)).high)
    var left = min(size, mostEntries)
    while left > 0 {
      let index = Int(entries[position])
      if index < count, mayTake(slots[index]) { return slots[index] }
      position = position &+ 1 == size ? 0 : position &+ 1
      left = left &- 1
    }
    var index = Int(truncatingIfNeeded: (mixed & 0xffff_ffff) &* UInt64(count) >> 32)
    left = count
    while left > 0 {
      if mayTake(slots[index]) { return slots[index] }
      index = index &+ 1 == count ? 0 : index &+ 1
      left = left &- 1
    }
    return noIndex
  }
}
