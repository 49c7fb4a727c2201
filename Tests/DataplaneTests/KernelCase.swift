import Testing
import Wire

@testable import Dataplane

/// A packet that the kernel twin gets, or does not.
struct KernelCase: Sendable, CustomTestStringConvertible {
  var name: String
  var packet: PacketBuilder
  var port: Int
  var network: Network
  /// What the twin gets; nil if the packet is dropped.
  var frame: PacketBuilder?
  /// For which it is dropped.
  var reason: DropReason?
  var counts: [String: UInt64] = [:]

  var testDescription: String { name }

  /// A packet that the twin gets, as it is but for `frame`.
  init(
    _ name: String, _ packet: PacketBuilder, as frame: PacketBuilder? = nil, on port: Int = 0,
    network: Network = .twinned, counts: [String: UInt64] = [:]
  ) {
    self.name = name
    self.packet = packet
    self.frame = frame ?? packet
    self.port = port
    self.network = network
    self.counts = counts
  }

  init(
    _ reason: DropReason, _ name: String, _ packet: PacketBuilder, on port: Int = 0,
    network: Network = .twinned
  ) {
    self.name = "\(reason.name): \(name)"
    self.packet = packet
    self.reason = reason
    self.port = port
    self.network = network
  }
}

extension Network {
  /// Both ports have a twin.
  static let twinned = Network.twoArmed
    .port(0) { $0.addresses = [(Own.front, 24), (Own.front6, 64)] }
    .port(1) { $0.addresses = [(Own.back, 24)] }
}

/// The ports' own addresses.
enum Own {
  static let front = "198.51.100.250"
  static let front6 = "2001:db8:2::fa"
  static let back = "192.0.2.250"
  static let linkLocal = "fe80::ff:fe00:1"
}

private let broadcast = Bytes(repeating: 255, count: 6)
private let toOwn = Flow.web.with { $0.vip = Own.front }
private let toOwn6 = Flow.web6.with { $0.vip = Own.front6 }
private let ping = Flow.web.fromClient.icmp(8, 0, rest: 0x0001_0002, payload: filler(56))
private let ping6 = Flow.web6.fromClient.icmp(128, 0, rest: 0x0001_0002, payload: filler(56))
private let tagged = Network.twinned.port(0) { $0.vlan = 7 }

private func arp(to destination: Bytes) -> PacketBuilder {
  PacketBuilder().ethernet(from: Hosts.client(1), to: destination).with {
    $0.ethertype = 0x0806
    $0.payload = filler(46)
  }
}

/// A neighbour solicitation for an address (RFC 4861 4.3), to its solicited-node group.
private func solicitation(to group: String = "ff02::1:ff00:10") -> PacketBuilder {
  PacketBuilder().ethernet(from: Hosts.client(1), to: [0x33, 0x33, 0xff, 0, 0, 0x10])
    .ip(from: Hosts.client6, to: group).ttl(255)
    .icmp(135, 0, payload: address(Hosts.vip6) + [1, 1] + Hosts.client(1))
}

extension KernelCase {
  static let all = link + virtual + own

  static let link: [KernelCase] = [
    KernelCase("ARP request", arp(to: broadcast)),
    KernelCase("ARP reply", arp(to: Hosts.port(0))),
    KernelCase("ARP, tag off", arp(to: broadcast).vlan(7), as: arp(to: broadcast), network: tagged),
    KernelCase("on the server port", arp(to: broadcast), on: 1),
    KernelCase("neighbour solicitation", solicitation()),
    KernelCase(
      "neighbour solicitation, tag off", solicitation().vlan(7), as: solicitation(),
      network: tagged),
    KernelCase(
      "listener query behind router alert",
      PacketBuilder().ethernet(from: Hosts.client(1), to: [0x33, 0x33, 0, 0, 0, 1])
        .ip(from: "fe80::1", to: "ff02::1").ttl(1).icmp(130, 0, payload: filler(16))
        .ip { $0.extensions = [(0, [0, 5, 2, 0, 0, 1, 0])] }),
    KernelCase(
      "another ethertype to the port",
      arp(to: Hosts.port(0)).with { $0.ethertype = 0x88cc }),
    KernelCase(
      .ethertype, "upstream labels", arp(to: Hosts.port(0)).with { $0.ethertype = 0x8848 }),
    KernelCase(
      .linkMulticast, "LLDP",
      arp(to: [1, 0x80, 0xc2, 0, 0, 0x0e]).with { $0.ethertype = 0x88cc }),
    KernelCase(
      .linkMulticast, "TCP to a virtual address in a broadcast frame",
      Flow.web.syn.ethernet(from: Hosts.client(1), to: broadcast)),
    KernelCase(
      .linkMulticast, "TCP over IPv6 to a virtual address in a multicast frame",
      Flow.web6.syn.ethernet(from: Hosts.client(1), to: [0x33, 0x33, 0, 0, 0, 1])),
    KernelCase(
      .linkMulticast, "UDP to all nodes",
      PacketBuilder().ethernet(from: Hosts.client(1), to: [0x33, 0x33, 0, 0, 0, 1])
        .ip(from: Hosts.client6, to: "ff02::1").udp(from: 1, to: 2, payload: filler(30))),
    KernelCase(
      .linkMulticast, "ping to all nodes",
      PacketBuilder().ethernet(from: Hosts.client(1), to: [0x33, 0x33, 0, 0, 0, 1])
        .ip(from: Hosts.client6, to: "ff02::1").icmp(128, 0, payload: filler(30))),
    KernelCase(.vlan, "ARP of another VLAN", arp(to: broadcast).vlan(8), network: tagged),
    KernelCase(.foreignMAC, "ARP to another host", arp(to: Hosts.port(1))),
    KernelCase(
      .arp, "only the other port has a twin", arp(to: broadcast), on: 1,
      network: .twinned.port(1) { $0.addresses = [] }),
  ]

  static let virtual: [KernelCase] = [
    KernelCase("ping to a virtual address", ping),
    KernelCase("ping to a virtual IPv6 address", ping6),
    KernelCase("ping that ends here", ping.ttl(1)),
    KernelCase("ping of a client endpoint", ping.mpls(0, ttl: 9), as: ping.ttl(9)),
    KernelCase(
      "ping of a client endpoint, tag off", ping6.vlan(7).mpls(2, ttl: 2), as: ping6.ttl(2),
      network: tagged),
    KernelCase(
      "ping with an unknown label", ping.mpls(17, ttl: 8), as: ping.ttl(8),
      counts: ["label.unknown": 1]),
    KernelCase(
      "neighbour is asked whether it is there",
      Flow.web6.fromClient.icmp(135, 0, payload: address(Hosts.vip6)).ttl(255)),
    KernelCase(
      "first fragment of a ping",
      ping.ip {
        $0.moreFragments = true
        $0.identification = 9
      }),
    KernelCase(.noSession, "TCP of no session", Flow.web.ack),
    KernelCase(.notService, "TCP to no service", Flow.web.with { $0.port = 22 }.syn),
    KernelCase(.notService, "UDP to no service", Flow.dns.with { $0.port = 161 }.query()),
    KernelCase(.notService, "TCP over IPv6", Flow.web6.with { $0.port = 179 }.syn),
    KernelCase(.ttl, "TCP that ends here", Flow.web.syn.ttl(1)),
    KernelCase(
      .ttl, "no time to live left", ping.ttl(0)),
    KernelCase(
      .icmp, "error of no session",
      Flow.web.fromClient.icmp(3, 1, payload: Flow.web.reply(0).ipBytes)),
    KernelCase(
      .icmp, "ping on the server port",
      ping.ethernet(from: Hosts.server(0), to: Hosts.port(1)), on: 1),
    KernelCase(
      .notService, "TCP to a virtual address that is the port's own",
      Flow.web.with { $0.port = 22 }.syn,
      network: .twinned.port(0) { $0.addresses = [(Hosts.vip, 24)] }),
  ]

  static let own: [KernelCase] = [
    KernelCase("ssh", toOwn.with { $0.port = 22 }.syn),
    KernelCase("BGP that ends here", toOwn.with { $0.port = 179 }.syn.ttl(1)),
    KernelCase("UDP", toOwn.with { $0.port = 53 }.query()),
    KernelCase("TCP over IPv6", toOwn6.with { $0.port = 22 }.syn),
    KernelCase("ping", toOwn.fromClient.icmp(8, 0, payload: filler(8))),
    KernelCase("ping over IPv6", toOwn6.fromClient.icmp(128, 0, payload: filler(8))),
    KernelCase(
      "neighbour advertisement to a link-local address",
      PacketBuilder().ethernet(from: Hosts.client(1), to: Hosts.port(0))
        .ip(from: "fe80::1", to: Own.linkLocal).ttl(255)
        .icmp(136, 0, rest: 0x6000_0000, payload: address("fe80::1"))),
    KernelCase(
      "server's answer to a check",
      PacketBuilder().ethernet(from: Hosts.server(0), to: Hosts.port(1))
        .ip(from: "192.0.2.11", to: Own.back).tcp(from: 80, to: 50000, [.syn, .ack]), on: 1),
    KernelCase(
      "error about what the kernel sent",
      toOwn.fromClient.icmp(3, 4, payload: toOwn.with { $0.backPort = 0 }.reply(0).ipBytes)),
    KernelCase(
      "error about the kernel's ping",
      toOwn.fromClient.icmp(
        11, 0,
        payload: PacketBuilder().ip(from: Own.front, to: Hosts.client)
          .icmp(8, 0, payload: filler(8)).ipBytes)),
    KernelCase(
      .icmpQuote, "error about a ping that nobody sent",
      Flow.web.fromClient.icmp(
        11, 0,
        payload: PacketBuilder().ip(from: Hosts.vip, to: Hosts.client)
          .icmp(8, 0, payload: filler(8)).ipBytes)),
    KernelCase(
      .notService, "the other port's address",
      Flow.web.with { $0.vip = Own.back }.syn),
    KernelCase(.notService, "a neighbour's", Flow.web.with { $0.vip = "198.51.100.251" }.syn),
    KernelCase(.protocol, "GRE", toOwn.fromClient.raw(filler(20)).ip { $0.protocolNumber = 47 }),
  ]
}
