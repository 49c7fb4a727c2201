extension Snapshot {
  /// A slot of the open-addressing hash of peers, at most half full.
  @frozen @usableFromInline
  struct Peer: Equatable {
    @usableFromInline var high: UInt64
    @usableFromInline var low: UInt64
    /// 0 means empty.
    @usableFromInline var link: UInt64
    @usableFromInline var reserved: UInt64 = 0

    @inlinable
    init(high: UInt64, low: UInt64, link: UInt64) {
      self.high = high
      self.low = low
      self.link = link
    }

    /// In place of an address's upper half, where `low` is an Ethernet address: that of a group
    /// (ff00::/8), which no host has.
    @inlinable static var noAddress: UInt64 { .max }

    /// The Ethernet address, 0 for none, in the lower 48 bits; above it the port.
    @inlinable @inline(__always)
    static func link(mac: UInt64, port: UInt8) -> UInt64 { mac | UInt64(port) << 48 | 1 << 63 }
  }

  /// Whether a port's peer has both the address and the next hop: what comes from beyond a router has
  /// the router's Ethernet address and any source that its sender likes.
  @inlinable
  public func isPeer(high: UInt64, low: UInt64, mac: UInt64, port: UInt8) -> Bool {
    hasPeer(high, low, port, link: Peer.link(mac: mac, port: port), of: .max)
  }

  /// Whether an address is that of a port's peer, whose next hop may not be known yet, or have changed.
  @inlinable
  public func isPeer(high: UInt64, low: UInt64, port: UInt8) -> Bool {
    hasPeer(high, low, port, link: Peer.link(mac: 0, port: port), of: 0xffff << 48)
  }

  /// Whether an Ethernet address, as `MACAddress.word`, is that of a port's next hop.
  @inlinable
  public func isNextHop(mac: UInt64, port: UInt8) -> Bool {
    isPeer(high: Peer.noAddress, low: mac, port: port)
  }

  @inlinable @inline(__always)
  func hasPeer(
    _ high: UInt64, _ low: UInt64, _ port: UInt8, link: UInt64, of bits: UInt64
  ) -> Bool {
    let mask = header.pointee.peerMask
    var index = Self.hash(high, low, port) & mask
    while true {
      let peer = peers + Int(truncatingIfNeeded: index)
      if peer.pointee.link == 0 { return false }
      if peer.pointee.high == high, peer.pointee.low == low, peer.pointee.link & bits == link {
        return true
      }
      index = (index &+ 1) & mask
    }
  }
}
