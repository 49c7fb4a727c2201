/// Entries by slot and by name. A slot is its entry's own until it is released, and is given again
/// only after all slots that were released before it.
struct SlotMap<Entry: Sendable>: Sendable {
  private(set) var entries: [Entry?] = []
  private var slots: [String: UInt32] = [:]
  private var free: [UInt32] = []
  let capacity: Int

  init(capacity: Int) { self.capacity = capacity }

  /// Slots in use.
  var count: Int { slots.count }

  func slot(named name: String) -> UInt32? { slots[name] }

  subscript(slot: UInt32) -> Entry? {
    get { slot < entries.count ? entries[Int(slot)] : nil }
    set { entries[Int(slot)] = newValue }
  }

  /// - Precondition: the name has no slot, and fewer than `capacity` are in use
  mutating func add(_ entry: Entry, named name: String) -> UInt32 {
    precondition(slots[name] == nil && count < capacity, "a new name, and room for it")
    let slot: UInt32
    if free.isEmpty {
      slot = UInt32(entries.count)
      entries.append(entry)
    } else {
      slot = free.removeFirst()
      entries[Int(slot)] = entry
    }
    slots[name] = slot
    return slot
  }

  /// - Precondition: the old name has a slot, and the new one none
  mutating func rename(_ old: String, _ new: String) {
    guard slots[new] == nil, let slot = slots.removeValue(forKey: old) else {
      preconditionFailure("one name for another")
    }
    slots[new] = slot
  }

  mutating func release(_ slot: UInt32, named name: String) {
    precondition(slots[name] == slot, "the slot is the name's")
    slots[name] = nil
    entries[Int(slot)] = nil
    free.append(slot)
  }
}
