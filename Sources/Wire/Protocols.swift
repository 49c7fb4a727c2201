/// Ethertypes, as numbers in host order.
public enum Ethertype {
  public static let ipv4: UInt16 = 0x0800
  public static let arp: UInt16 = 0x0806
  public static let vlan: UInt16 = 0x8100
  public static let ipv6: UInt16 = 0x86dd
  public static let mpls: UInt16 = 0x8847
  /// Upstream-assigned labels (RFC 5332 4): never a session label here.
  public static let mplsUpstream: UInt16 = 0x8848
  public static let serviceVLAN: UInt16 = 0x88a8
  public static let legacyQinQ: UInt16 = 0x9100
}

/// Upper-layer protocol and IPv6 extension header numbers (IANA protocol-numbers).
public enum ProtocolNumber {
  public static let hopByHop: UInt8 = 0
  public static let icmp: UInt8 = 1
  public static let tcp: UInt8 = 6
  public static let udp: UInt8 = 17
  public static let routing: UInt8 = 43
  public static let fragment: UInt8 = 44
  public static let authentication: UInt8 = 51
  public static let icmpv6: UInt8 = 58
  public static let destinationOptions: UInt8 = 60
  public static let mobility: UInt8 = 135
}

/// TCP control bits (RFC 9293 3.1).
public enum TCPFlags {
  public static let fin: UInt8 = 0x01
  public static let syn: UInt8 = 0x02
  public static let rst: UInt8 = 0x04
  public static let psh: UInt8 = 0x08
  public static let ack: UInt8 = 0x10
}
