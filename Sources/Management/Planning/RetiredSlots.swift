/// The slots of what has left the configuration and still has sessions, and since when.
struct RetiredSlots: Sendable {
  /// By slot, the first snapshot of those without a break in which it is retired.
  private(set) var since: [UInt32: UInt64] = [:]

  /// Takes note of who is retired in a snapshot. One that came back and left again begins anew:
  /// workers that are behind may yet give it sessions.
  mutating func note(_ slots: [UInt32], snapshot: UInt64) {
    if slots.isEmpty && since.isEmpty { return }
    since = Dictionary(uniqueKeysWithValues: slots.map { ($0, since[$0] ?? snapshot) })
  }

  mutating func remove(_ slot: UInt32) { since[slot] = nil }
}
