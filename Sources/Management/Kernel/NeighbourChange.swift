import Wire

/// What the kernel says of one neighbour.
struct NeighbourChange: Equatable, Sendable {
  let link: UInt32
  let address: IPAddress
  /// nil while it is not known.
  let mac: MACAddress?

  /// The states in which the address is good (NUD_VALID of net/neighbour.h): permanent, no ARP,
  /// probe, stale, delay and reachable.
  private static let valid: UInt16 = 0x80 | 0x40 | 0x10 | 0x04 | 0x08 | 0x02

  /// nil if the message is about something else.
  init?(_ message: NetlinkReader.Message) {
    guard message.type == RouteMessage.newNeighbour || message.type == RouteMessage.deleteNeighbour,
      let link = message.content.number(4, as: UInt32.self),
      let state = message.content.number(8, as: UInt16.self)
    else { return nil }
    let attributes = message.attributes(after: 12)
    guard let address = attributes[1].flatMap({ IPAddress(bytes: $0) }) else { return nil }
    self.link = link
    self.address = address
    let isKnown = message.type == RouteMessage.newNeighbour && state & Self.valid != 0
    mac = isKnown ? attributes[2].flatMap { MACAddress(bytes: $0) } : nil
  }

  init(link: UInt32, address: IPAddress, mac: MACAddress?) {
    self.link = link
    self.address = address
    self.mac = mac
  }
}
