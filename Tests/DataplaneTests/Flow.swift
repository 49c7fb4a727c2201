/// One conversation's packets, as client and servers send them to the appliance.
struct Flow: Sendable {
  var clientAddress = Hosts.client
  var clientPort: UInt16 = 40000
  var vip = Hosts.vip
  var port: UInt16 = 80
  var clientMAC = Hosts.client(1)
  var frontPort = 0
  var backPort = 1

  static let clientISN: UInt32 = 1000
  static let serverISN: UInt32 = 0xffff_fff0

  static let web = Flow()
  static let dns = Flow(port: 53)
  static let web6 = Flow(clientAddress: Hosts.client6, vip: Hosts.vip6)
  static let dns6 = Flow(clientAddress: Hosts.client6, vip: Hosts.vip6, port: 53)
  static let hashed = Flow(port: 8080)
  static let plain = Flow(port: 81)

  func from(_ clientPort: UInt16) -> Flow {
    var copy = self
    copy.clientPort = clientPort
    return copy
  }

  func with(_ change: (inout Flow) -> Void) -> Flow {
    var copy = self
    change(&copy)
    return copy
  }

  var isIPv4: Bool { !vip.contains(":") }
}

extension Flow {
  /// A frame from the client, its IP layer ready.
  var fromClient: PacketBuilder {
    PacketBuilder().ethernet(from: clientMAC, to: Hosts.port(frontPort))
      .ip(from: clientAddress, to: vip)
  }

  /// A frame from the server in a slot.
  func fromServer(_ slot: Int) -> PacketBuilder {
    PacketBuilder().ethernet(from: Hosts.server(slot), to: Hosts.port(backPort))
      .ip(from: vip, to: clientAddress)
  }

  func c2s(
    _ flags: PacketBuilder.Flags, sequence: UInt32 = 1, acknowledgement: UInt32 = 0,
    options: Bytes = [], payload: Int = 0
  ) -> PacketBuilder {
    fromClient.tcp(
      from: clientPort, to: port, flags, sequence: Self.clientISN &+ sequence,
      acknowledgement: flags.contains(.ack) ? Self.serverISN &+ 1 &+ acknowledgement : 0,
      options: options, payload: filler(payload))
  }

  func s2c(
    _ slot: Int, _ flags: PacketBuilder.Flags, sequence: UInt32 = 1, options: Bytes = [],
    payload: Int = 0
  ) -> PacketBuilder {
    fromServer(slot).tcp(
      from: port, to: clientPort, flags, sequence: Self.serverISN &+ sequence,
      acknowledgement: flags.contains(.ack) ? Self.clientISN &+ 1 : 0, options: options,
      payload: filler(payload))
  }

  var syn: PacketBuilder { c2s(.syn, sequence: 0) }
  var ack: PacketBuilder { c2s(.ack) }
  func data(_ count: Int = 100) -> PacketBuilder { c2s([.ack, .push], payload: count) }
  var fin: PacketBuilder { c2s([.fin, .ack]) }
  var rst: PacketBuilder { c2s(.rst) }

  func synAck(_ slot: Int) -> PacketBuilder { s2c(slot, [.syn, .ack], sequence: 0) }
  func reply(_ slot: Int, _ count: Int = 100) -> PacketBuilder {
    s2c(slot, [.ack, .push], payload: count)
  }
  func fin(_ slot: Int) -> PacketBuilder { s2c(slot, [.fin, .ack]) }
  func rst(_ slot: Int) -> PacketBuilder { s2c(slot, .rst) }

  /// UDP, either way.
  func query(_ count: Int = 30) -> PacketBuilder {
    fromClient.udp(from: clientPort, to: port, payload: filler(count))
  }
  func answer(_ slot: Int, _ count: Int = 60) -> PacketBuilder {
    fromServer(slot).udp(from: port, to: clientPort, payload: filler(count))
  }
}

/// What the appliance makes of a packet.
extension PacketBuilder {
  /// Sent on to a server: TTL - 1, the label pushed with the same TTL.
  func toServer(_ slot: Int, label: UInt32? = nil, ttl: UInt8 = 63, on port: Int = 1)
    -> PacketBuilder
  {
    forwarded(from: Hosts.port(port), to: Hosts.server(slot), label: label, ttl: ttl)
  }

  /// Sent on to a client.
  func toClient(
    _ mac: Bytes = Hosts.client(1), label: UInt32? = nil, ttl: UInt8 = 63, on port: Int = 0
  ) -> PacketBuilder {
    forwarded(from: Hosts.port(port), to: mac, label: label, ttl: ttl)
  }

  private func forwarded(from: Bytes, to: Bytes, label: UInt32?, ttl: UInt8) -> PacketBuilder {
    let plain = ethernet(from: from, to: to).unlabelled().untagged()
    guard let label else { return plain.ttl(ttl) }
    return plain.ttl(ttl).mpls(label, ttl: ttl)
  }

  /// Switched: the label's TTL - 1 and the IP packet untouched.
  func switched(from port: Int, to mac: Bytes) -> PacketBuilder {
    ethernet(from: Hosts.port(port), to: mac).with { $0.labels[0].ttl -= 1 }
  }
}
