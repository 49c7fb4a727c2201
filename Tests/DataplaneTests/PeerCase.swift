import Testing
import Wire

@testable import Dataplane

/// A packet for the kernel twin of port 0, and whether it is a peer's: a server on the link (IPv4 and
/// IPv6), one behind a router, and one whose Ethernet address is sought.
struct PeerCase: Sendable, CustomTestStringConvertible {
  var name: String
  var packet: PacketBuilder
  var isPeers: Bool

  var testDescription: String { name }

  init(_ name: String, _ packet: PacketBuilder, _ isPeers: Bool) {
    self.name = name
    self.packet = packet
    self.isPeers = isPeers
  }

  static let server = "198.51.100.11"
  static let server6 = "2001:db8:2::11"
  static let far = "192.0.2.99"
  static let sought = "198.51.100.12"

  private static func to(
    _ destination: String = Own.front, from source: String, _ mac: Bytes
  ) -> PacketBuilder {
    PacketBuilder().ethernet(from: mac, to: Hosts.port(0)).ip(from: source, to: destination)
  }

  static let ping = to(Hosts.vip, from: Hosts.client, Hosts.client(1)).icmp(
    8, 0, payload: filler(8))
  static let datagram = to(from: Hosts.client, Hosts.client(1))
    .udp(from: 1000, to: 22, payload: filler(18))
  static let arp = arp(from: Hosts.client, Hosts.client(1))
  static let solicitation = solicitation(from: Hosts.client6, Hosts.client(1))
  static let answer = answer(from: server, Hosts.server(0))

  private static func answer(from source: String, _ mac: Bytes) -> PacketBuilder {
    to(from: source, mac).tcp(from: 80, to: 50000, [.syn, .ack])
  }

  /// A reply (RFC 826): the sender's addresses, then the target's.
  private static func arp(from source: String, _ mac: Bytes) -> PacketBuilder {
    PacketBuilder().ethernet(from: mac, to: Hosts.port(0)).with {
      $0.ethertype = 0x0806
      $0.payload =
        [0, 1, 8, 0, 6, 4, 0, 2] + mac + address(source) + Hosts.port(0) + address(Own.front)
        + filler(18)
    }
  }

  /// To the port itself, as one that asks whether it is still there (RFC 4861 7.3).
  private static func solicitation(
    from source: String, _ mac: Bytes, ttl: UInt8 = 255
  ) -> PacketBuilder {
    to(Own.front6, from: source, mac).ttl(ttl).icmp(135, 0, payload: address(Own.front6))
  }

  static let all = [
    PeerCase("a server's answer", answer, true),
    PeerCase("its echo reply", to(from: server, Hosts.server(0)).icmp(0, 0), true),
    PeerCase(
      "its first fragment",
      to(from: server, Hosts.server(0)).icmp(0, 0, payload: filler(8)).ip {
        $0.moreFragments = true
        $0.identification = 9
      }, true),
    PeerCase("over IPv6", to(Own.front6, from: server6, Hosts.server(0)).icmp(129, 0), true),
    PeerCase("from behind a router", answer(from: far, Hosts.gateway(9)), true),
    PeerCase("the router's other hosts", answer(from: "192.0.2.98", Hosts.gateway(9)), false),
    PeerCase("a server's address from behind it", answer(from: server, Hosts.gateway(9)), false),
    PeerCase("a server's address of a client", answer(from: server, Hosts.client(1)), false),
    PeerCase("another address of a server", answer(from: Hosts.client, Hosts.server(0)), false),
    PeerCase("an answer of one that is sought", answer(from: sought, Hosts.server(3)), false),
    PeerCase("ARP of a server", arp(from: server, Hosts.server(0)), true),
    PeerCase(
      "ARP of a server from another of its addresses", arp(from: Hosts.vip, Hosts.server(0)), true),
    PeerCase("ARP of one that is sought", arp(from: sought, Hosts.server(3)), true),
    PeerCase("ARP of a server with another card", arp(from: server, Hosts.server(3)), true),
    PeerCase("ARP of a router", arp(from: "198.51.100.1", Hosts.gateway(9)), true),
    PeerCase("ARP of a stranger", arp(from: "198.51.100.7", Hosts.client(7)), false),
    PeerCase(
      "ARP that is cut short",
      PacketBuilder().ethernet(from: Hosts.client(1), to: Hosts.port(0)).with {
        $0.ethertype = 0x0806
        $0.payload = [0, 1, 8, 0]
      }, false),
    PeerCase("solicitation of a server", solicitation(from: server6, Hosts.server(0)), true),
    PeerCase("from its link-local address", solicitation(from: "fe80::11", Hosts.server(0)), true),
    PeerCase("of a stranger", solicitation(from: "2001:db8:2::7", Hosts.client(7)), false),
    PeerCase(
      "solicitation that came through a router",
      solicitation(from: "2001:db8:9::7", Hosts.gateway(9), ttl: 254), false),
    PeerCase(
      "another ethertype of a server",
      PacketBuilder().ethernet(from: Hosts.server(0), to: Hosts.port(0)).with {
        $0.ethertype = 0x88cc
        $0.payload = filler(46)
      }, false),
  ]
}
