import Wire

/// What the kernel says of one neighbour.
struct NeighbourChange: Equatable, Sendable {
  let link: UInt32
  let address: IPAddress
  let state: NextHopState

  /// The states in which the address is good (NUD_VALID of net/neighbour.h): permanent, no ARP,
  /// probe, stale, delay and reachable.
  private static let valid: UInt16 = 0x80 | 0x40 | 0x10 | 0x04 | 0x08 | 0x02
  /// NUD_FAILED: it was asked as often as the kernel asks.
  private static let failed: UInt16 = 0x20

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
    let isThere = message.type == RouteMessage.newNeighbour
    let mac = attributes[2].flatMap { MACAddress(bytes: $0) }
    if isThere, state & Self.valid != 0, let mac {
      self.state = .found(mac)
    } else {
      self.state = isThere && state & Self.failed != 0 ? .silent : .sought
    }
  }

  init(link: UInt32, address: IPAddress, state: NextHopState) {
    self.link = link
    self.address = address
    self.state = state
  }
}
