import Glibc
import Wire

/// The rtnetlink messages that twins and kernel devices need (rtnetlink(7), linux/rtnetlink.h,
/// linux/neighbour.h, linux/pkt_cls.h).
enum RouteMessage {
  private static let newLink: UInt16 = 16
  private static let getLink: UInt16 = 18
  private static let newAddress: UInt16 = 20
  private static let deleteAddress: UInt16 = 21
  private static let getAddress: UInt16 = 22
  private static let newRoute: UInt16 = 24
  private static let deleteRoute: UInt16 = 25
  static let newNeighbour: UInt16 = 28
  static let deleteNeighbour: UInt16 = 29
  private static let getNeighbour: UInt16 = 30
  /// `RTMGRP_NEIGH`.
  static let neighbourGroup: UInt32 = 4

  /// The beginning of a message that adds or removes something.
  ///
  /// - Parameter existing: the flag for what happens where it is there already
  static func message(
    adding: UInt16, removing: UInt16, adds: Bool,
    over existing: UInt16 = NetlinkMessage.Flags.replace
  ) -> NetlinkMessage {
    NetlinkMessage(
      type: adds ? adding : removing,
      flags: NetlinkMessage.Flags.acknowledge
        | (adds ? NetlinkMessage.Flags.create | existing : 0))
  }

  /// Gives a link its address and MTU, and brings it up.
  ///
  /// - Parameter resolves: whether neighbours are asked for their addresses
  static func setLink(
    _ link: UInt32, mac: MACAddress, mtu: UInt16, resolves: Bool = true
  ) -> NetlinkMessage {
    var message = NetlinkMessage(type: newLink, flags: NetlinkMessage.Flags.acknowledge)
    message.append(UInt8(AF_UNSPEC))
    message.append(UInt8(0))
    message.append(UInt16(0))
    message.append(link)
    let flags: UInt32 = resolves ? 0x01 : 0x81  // IFF_UP, IFF_NOARP
    message.append(flags)
    message.append(flags)  // and no other flag changes
    message.attribute(1, mac.bytes)  // IFLA_ADDRESS
    message.attribute(4, UInt32(mtu))  // IFLA_MTU
    return message
  }

  static func link(_ link: UInt32) -> NetlinkMessage {
    var message = NetlinkMessage(type: getLink, flags: NetlinkMessage.Flags.acknowledge)
    message.append(UInt32(0))
    message.append(link)
    message.append(UInt64(0))
    return message
  }

  /// The other end of a link that an answer to `link` tells of; nil if it is no veth device.
  static func readVirtualPeer(_ message: NetlinkReader.Message) -> VirtualPeer? {
    guard message.type == newLink else { return nil }
    let attributes = message.attributes(after: 16)
    // IFLA_LINKINFO, within it IFLA_INFO_KIND.
    guard let info = attributes[18],
      let kind = NetlinkReader.attributes(info)[1], kind.elementsEqual(Array("veth".utf8) + [0])
    else { return nil }
    // IFLA_LINK_NETNSID: the link is in another namespace, where its number says nothing here.
    guard attributes[37] == nil, let link = attributes[5]?.number(0, as: UInt32.self) else {
      return .elsewhere
    }
    return .here(link)
  }

  /// Adds or removes an address. Duplicate address detection is left out: the address is to answer
  /// at once, and a virtual one lies on the servers too.
  ///
  /// - Parameter makesRoute: to the network that the prefix names
  static func address(
    _ prefix: AddressPrefix, link: UInt32, adds: Bool, makesRoute: Bool
  ) -> NetlinkMessage {
    var message = Self.message(adding: newAddress, removing: deleteAddress, adds: adds)
    message.append(prefix.address.family)
    message.append(UInt8(prefix.length))
    message.append(UInt8(0))
    message.append(UInt8(0))
    message.append(link)
    message.attribute(2, prefix.address.bytes)  // IFA_LOCAL
    message.attribute(1, prefix.address.bytes)  // IFA_ADDRESS
    // IFA_FLAGS: IFA_F_NODAD, IFA_F_NOPREFIXROUTE
    message.attribute(8, UInt32(makesRoute ? 0x02 : 0x202))
    return message
  }

  static func addresses() -> NetlinkMessage {
    var message = NetlinkMessage(type: getAddress, flags: NetlinkMessage.Flags.dump)
    message.append(UInt64(0))
    return message
  }

  /// Link and address that an answer to `addresses` tells of.
  static func readAddress(
    _ message: NetlinkReader.Message
  ) -> (link: UInt32, prefix: AddressPrefix)? {
    guard message.type == newAddress, let length = message.content.number(1, as: UInt8.self),
      let link = message.content.number(4, as: UInt32.self)
    else { return nil }
    let attributes = message.attributes(after: 8)
    guard let address = (attributes[2] ?? attributes[1]).flatMap({ IPAddress(bytes: $0) }) else {
      return nil
    }
    return (link, AddressPrefix(address: address, length: Int(length)))
  }

  /// Adds or removes a default route that holds where no better one does.
  static func defaultRoute(
    through gateway: IPAddress, link: UInt32, adds: Bool
  ) -> NetlinkMessage {
    var message = Self.message(adding: newRoute, removing: deleteRoute, adds: adds)
    appendDefaultRoute(&message, family: gateway.family, scope: 0, link: link)  // RT_SCOPE_UNIVERSE
    message.attribute(5, gateway.bytes)  // RTA_GATEWAY
    message.attribute(6, UInt32(100_000))  // RTA_PRIORITY
    return message
  }

  /// Adds a default route to a link without a gateway.
  static func defaultRoute(family: UInt8, link: UInt32) -> NetlinkMessage {
    var message = NetlinkMessage(
      type: newRoute, flags: NetlinkMessage.Flags.acknowledge | NetlinkMessage.Flags.create)
    appendDefaultRoute(&message, family: family, scope: 253, link: link)  // RT_SCOPE_LINK
    return message
  }

  private static func appendDefaultRoute(
    _ message: inout NetlinkMessage, family: UInt8, scope: UInt8, link: UInt32
  ) {
    message.append(family)
    message.append(UInt8(0))
    message.append(UInt8(0))
    message.append(UInt8(0))
    message.append(UInt8(254))  // RT_TABLE_MAIN
    message.append(UInt8(4))  // RTPROT_STATIC
    message.append(scope)
    message.append(UInt8(1))  // RTN_UNICAST
    message.append(UInt32(0))
    message.attribute(4, link)  // RTA_OIF
  }

  /// Has the kernel resolve a neighbour now, and keep it fresh from then on where it knows how
  /// (NTF_EXT_MANAGED, Linux 5.16).
  static func resolve(_ address: IPAddress, link: UInt32) -> NetlinkMessage {
    var message = NetlinkMessage(
      type: newNeighbour,
      flags: NetlinkMessage.Flags.acknowledge | NetlinkMessage.Flags.create)
    appendNeighbour(&message, address, link: link, flags: 1)  // NTF_USE
    message.attribute(1, address.bytes)  // NDA_DST
    message.attribute(15, UInt32(1))  // NDA_FLAGS_EXT: NTF_EXT_MANAGED
    return message
  }

  static func forget(_ address: IPAddress, link: UInt32) -> NetlinkMessage {
    var message = NetlinkMessage(
      type: deleteNeighbour, flags: NetlinkMessage.Flags.acknowledge)
    appendNeighbour(&message, address, link: link, flags: 0)
    message.attribute(1, address.bytes)  // NDA_DST
    return message
  }

  static func neighbours() -> NetlinkMessage {
    var message = NetlinkMessage(type: getNeighbour, flags: NetlinkMessage.Flags.dump)
    message.append(UInt64(0))
    message.append(UInt32(0))
    return message
  }

  private static func appendNeighbour(
    _ message: inout NetlinkMessage, _ address: IPAddress, link: UInt32, flags: UInt8
  ) {
    message.append(address.family)
    message.append(UInt8(0))
    message.append(UInt16(0))
    message.append(link)
    message.append(UInt16(0))  // NUD_NONE
    message.append(flags)
    message.append(UInt8(0))
  }
}
