import Wire

/// Where clients whose SYNs left no state, or whose session was lost with a restart, were last heard
/// from, so that what the server sends finds its way where the port has no gateway. Lossy and of fixed
/// size: a flood only costs hits.
struct ClientHopCache {
  private static let size = 4096

  struct Entry {
    var client = IPAddress(high: 0, low: 0)
    /// Next hop, as `MACAddress.word`, and the port's index above it; 0 is empty.
    var hop: UInt64 = 0
    var reserved: UInt64 = 0
  }

  private let entries: UnsafeMutablePointer<Entry>

  static var byteCount: Int { size * MemoryLayout<Entry>.stride }

  init(memory: UnsafeMutableRawPointer) {
    entries = memory.bindMemory(to: Entry.self, capacity: Self.size)
  }

  private func entry(_ client: IPAddress) -> UnsafeMutablePointer<Entry> {
    let mixed = (client.low ^ client.high) &* 0x9e37_79b9_7f4a_7c15
    return entries + Int(truncatingIfNeeded: mixed >> 52)
  }

  func remember(_ client: IPAddress, mac: UInt64, port: Int) {
    let place = entry(client)
    place.pointee.client = client
    place.pointee.hop = mac | UInt64(truncatingIfNeeded: port &+ 1) << 48
  }

  /// The next hop and port index of a client, if it is remembered.
  func find(_ client: IPAddress) -> (mac: UInt64, port: Int)? {
    let place = entry(client)
    guard place.pointee.hop != 0, place.pointee.client == client else { return nil }
    return (
      place.pointee.hop & 0xffff_ffff_ffff, Int(truncatingIfNeeded: place.pointee.hop >> 48) &- 1
    )
  }
}
