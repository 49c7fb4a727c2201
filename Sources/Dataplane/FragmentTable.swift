import Wire

/// The datagrams whose first fragment has come: what later ones lack, their ports. Four-way sets of
/// fixed size, the oldest of a set giving way; an entry lives as long as hosts reassemble.
struct FragmentTable {
  private static let sets = 1024
  private static let ways = 4
  /// 30 s in ticks (RFC 1122 3.3.2 allows 60 to 120 s, Linux has 30).
  private static let lifetime: UInt32 = 1788

  struct Entry {
    var source = IPAddress(high: 0, low: 0)
    var destination = IPAddress(high: 0, low: 0)
    var identification: UInt32 = 0
    var ports: UInt32 = 0
    var since: UInt32 = 0
    var protocolNumber: UInt8 = 0
    /// 4 or 6; 0 is empty.
    var family: UInt8 = 0
    var reserved: UInt16 = 0
    var padding: (UInt64, UInt64) = (0, 0)
  }

  private let entries: UnsafeMutablePointer<Entry>

  static var byteCount: Int { sets * ways * MemoryLayout<Entry>.stride }

  init(memory: UnsafeMutableRawPointer) {
    entries = memory.bindMemory(to: Entry.self, capacity: Self.sets * Self.ways)
  }

  /// A hash of what all fragments of a datagram have in common. It also names the worker that
  /// keeps the datagram.
  static func hash(_ packet: ParsedPacket) -> UInt64 {
    let mixed =
      (packet.source.low ^ packet.source.high &* 3 ^ UInt64(packet.fragmentID))
      .multipliedFullWidth(
        by: packet.destination.low ^ packet.destination.high &* 5 ^ 0x9e37_79b9_7f4a_7c15)
    return mixed.high ^ mixed.low
  }

  private func set(_ packet: ParsedPacket) -> UnsafeMutablePointer<Entry> {
    entries + Int(truncatingIfNeeded: Self.hash(packet) >> 20) & (Self.sets &- 1) &* Self.ways
  }

  private func matches(_ entry: Entry, _ packet: ParsedPacket) -> Bool {
    // IPv4 tells datagrams apart by protocol too (RFC 791 3.2); in IPv6 a later fragment may name
    // an extension header instead.
    entry.family == packet.family && entry.identification == packet.fragmentID
      && (packet.family == 6 || entry.protocolNumber == packet.protocolNumber)
      && entry.source == packet.source && entry.destination == packet.destination
  }

  /// Remembers a datagram by its first fragment.
  func remember(_ packet: ParsedPacket, now: UInt32) {
    let set = set(packet)
    var chosen = 0
    var way = 0
    while way < Self.ways {
      if set[way].family == 0 || matches(set[way], packet) {
        chosen = way
        break
      }
      if Int32(bitPattern: set[way].since &- set[chosen].since) < 0 { chosen = way }
      way &+= 1
    }
    var entry = Entry()
    entry.source = packet.source
    entry.destination = packet.destination
    entry.identification = packet.fragmentID
    entry.ports = packet.ports
    entry.since = now
    entry.protocolNumber = packet.protocolNumber
    entry.family = packet.family
    set[chosen] = entry
  }

  /// Gives a later fragment its datagram's ports and protocol; false when the first was not seen.
  func complete(_ packet: inout ParsedPacket, now: UInt32) -> Bool {
    let set = set(packet)
    var way = 0
    while way < Self.ways {
      if matches(set[way], packet), now &- set[way].since < Self.lifetime {
        packet.ports = set[way].ports
        packet.protocolNumber = set[way].protocolNumber
        return true
      }
      way &+= 1
    }
    return false
  }
}
