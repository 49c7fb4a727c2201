/// Builds the hash of virtual addresses and their sorted, disjoint port intervals.
struct VirtualAddressTable {
  private(set) var slots: [Snapshot.VirtualAddress]
  private(set) var intervals: [Snapshot.PortInterval] = []

  private struct Key: Hashable {
    var high: UInt64
    var low: UInt64
    var protocolNumber: UInt8
  }

  init(services: [ServiceRecord]) {
    var byAddress: [Key: [Int]] = [:]
    for (slot, service) in services.enumerated() where service.inUse && !service.retired {
      let key = Key(
        high: service.addressHigh, low: service.addressLow, protocolNumber: service.protocolNumber)
      byAddress[key, default: []].append(slot)
    }
    var capacity = 2
    while capacity < byAddress.count * 2 { capacity *= 2 }
    let empty = Snapshot.VirtualAddress(
      high: 0, low: 0, firstInterval: 0, intervalCount: 0, protocolNumber: 0, reserved: 0)
    slots = Array(repeating: empty, count: capacity)
    let mask = UInt64(capacity - 1)
    for (key, members) in byAddress {
      let own = Self.disjoint(services, members)
      var index = Snapshot.hash(key.high, key.low, key.protocolNumber) & mask
      while slots[Int(index)].intervalCount != 0 { index = (index + 1) & mask }
      slots[Int(index)] = Snapshot.VirtualAddress(
        high: key.high, low: key.low, firstInterval: UInt32(intervals.count),
        intervalCount: UInt16(own.count), protocolNumber: key.protocolNumber, reserved: 0)
      intervals += own
    }
  }

  /// Cuts overlapping ranges into disjoint intervals: the narrowest range has the port, and of
  /// equally narrow ones the first configured.
  private static func disjoint(
    _ services: [ServiceRecord], _ members: [Int]
  ) -> [Snapshot.PortInterval] {
    func width(_ slot: Int) -> Int {
      Int(services[slot].highPort) - Int(services[slot].lowPort)
    }
    let narrowFirst = members.sorted { (width($0), $0) < (width($1), $1) }
    if members.count == 1 || width(narrowFirst[members.count - 1]) == 0 {
      return narrowFirst.map { slot in
        Snapshot.PortInterval(
          low: services[slot].lowPort, high: services[slot].highPort, service: UInt32(slot))
      }.sorted { $0.low < $1.low }
    }
    var cuts = Set<Int>()
    for slot in members {
      cuts.insert(Int(services[slot].lowPort))
      cuts.insert(Int(services[slot].highPort) + 1)
    }
    let bounds = cuts.sorted()
    var result: [Snapshot.PortInterval] = []
    for (low, next) in zip(bounds, bounds.dropFirst()) {
      let holder = narrowFirst.first { slot in
        Int(services[slot].lowPort) <= low && low <= Int(services[slot].highPort)
      }
      guard let holder else { continue }
      if let last = result.last, last.service == UInt32(holder), Int(last.high) + 1 == low {
        result[result.count - 1].high = UInt16(next - 1)
      } else {
        result.append(
          Snapshot.PortInterval(
            low: UInt16(low), high: UInt16(next - 1), service: UInt32(holder)))
      }
    }
    return result
  }
}
