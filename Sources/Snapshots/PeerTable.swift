/// A host that the appliance itself has to do with: a server, or a next hop that the kernel resolves.
/// Words as of `IPAddress`.
@frozen
public struct PeerRecord: Sendable {
  public var addressHigh: UInt64
  public var addressLow: UInt64
  /// Of the next hop to it, as `MACAddress.word`; 0 while it is not known.
  public var mac: UInt64
  /// Index of the port that reaches it.
  public var port: UInt8

  public init(addressHigh: UInt64, addressLow: UInt64, mac: UInt64, port: UInt8) {
    self.addressHigh = addressHigh
    self.addressLow = addressLow
    self.mac = mac
    self.port = port
  }
}

/// Builds the hash of peers: each by its address, and by its next hop's Ethernet address.
struct PeerTable {
  private(set) var slots: [Snapshot.Peer]

  init(_ peers: [PeerRecord]) {
    var capacity = 2
    while capacity < peers.count * 4 { capacity *= 2 }
    slots = Array(repeating: Snapshot.Peer(high: 0, low: 0, link: 0), count: capacity)
    for peer in peers {
      insert(peer.addressHigh, peer.addressLow, mac: peer.mac, port: peer.port)
      if peer.mac != 0 { insert(Snapshot.Peer.noAddress, peer.mac, mac: 0, port: peer.port) }
    }
  }

  /// Once, however many services have the server or servers the next hop.
  private mutating func insert(_ high: UInt64, _ low: UInt64, mac: UInt64, port: UInt8) {
    let new = Snapshot.Peer(high: high, low: low, link: Snapshot.Peer.link(mac: mac, port: port))
    let mask = UInt64(slots.count - 1)
    var index = Snapshot.hash(high, low, port) & mask
    while slots[Int(index)].link != 0 {
      if slots[Int(index)] == new { return }
      index = (index + 1) & mask
    }
    slots[Int(index)] = new
  }
}
