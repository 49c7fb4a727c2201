/// A port as the workers see it. Its index is the DPDK port's position in the configuration.
@frozen
public struct PortRecord: Sendable {
  /// As `MACAddress.word`.
  public var mac: UInt64 = 0
  /// The way to this port's clients behind its gateway; `noIndex` without one.
  public var gatewayAdjacency: UInt32 = noIndex
  /// Of the link: what an Ethernet payload may have, labels included.
  public var mtu: UInt16 = 1500
  /// 802.1Q id of this port's frames; 0 means untagged.
  public var vlan: UInt16 = 0
  public var side: PortSide = .both
  public var inUse = false
  /// The addresses of its kernel twin: `prefixCount` entries of the snapshot's `prefixes` from here.
  /// A port has a twin when it has any.
  public var firstPrefix: UInt16 = 0
  public var prefixCount: UInt16 = 0
  public var reserved: UInt64 = 0

  public init() {}
}

/// An address of a port's kernel twin, and the network that it is in. Words as of `IPAddress`.
@frozen
public struct PrefixRecord: Sendable {
  public var addressHigh: UInt64
  public var addressLow: UInt64
  /// The bits of the network.
  public var maskHigh: UInt64
  public var maskLow: UInt64

  public init(addressHigh: UInt64, addressLow: UInt64, maskHigh: UInt64, maskLow: UInt64) {
    self.addressHigh = addressHigh
    self.addressLow = addressLow
    self.maskHigh = maskHigh
    self.maskLow = maskLow
  }

  @inlinable @inline(__always)
  public func isAddress(high: UInt64, low: UInt64) -> Bool {
    addressHigh == high && addressLow == low
  }

  @inlinable @inline(__always)
  public func contains(high: UInt64, low: UInt64) -> Bool {
    (addressHigh ^ high) & maskHigh | (addressLow ^ low) & maskLow == 0
  }
}

/// A next hop: the bytes before the ethertype, ready to be copied, and the port to send on.
@frozen
public struct Adjacency: Sendable {
  /// Destination and source address, and the 802.1Q tag if there is one, as they lie on the wire.
  public var header0: UInt64 = 0
  public var header1: UInt64 = 0
  /// Bytes of the header before the ethertype: 12, or 16 with a tag. 0 while the hop is not known.
  public var length: UInt8 = 0
  public var port: UInt8 = 0
  public var mtu: UInt16 = 1500
  public var reserved: (UInt32, UInt32, UInt32) = (0, 0, 0)

  public init() {}

  /// - Parameters:
  ///   - destination: the next hop, as `MACAddress.word`
  ///   - port: the index of the port that reaches it
  ///   - egress: that port
  public init(destination: UInt64, port: UInt8, egress: PortRecord) {
    header0 = destination | egress.mac << 48
    header1 = egress.mac >> 16
    length = 12
    if egress.vlan != 0 {
      header1 |= UInt64(UInt16(0x8100).byteSwapped) << 32 | UInt64(egress.vlan.byteSwapped) << 48
      length = 16
    }
    self.port = port
    mtu = egress.mtu
  }

  /// The next hop, as `MACAddress.word`.
  @inlinable public var destination: UInt64 { header0 & 0xffff_ffff_ffff }
}
