import CDPDKShim
import Testing
import Wire

@testable import Dataplane

/// A packet that is dropped for one reason.
struct DropCase: Sendable, CustomTestStringConvertible {
  var name: String
  var reason: DropReason
  var packet: PacketBuilder
  var port = 0
  var layout = Layout()
  var network = Network.twoArmed
  /// Changed beside the drop itself.
  var counts: [String: UInt64] = [:]
  var answers = 0

  struct Layout: Sendable {
    var firstSegment: Int?
    var headroom: Int?
  }

  init(
    _ reason: DropReason, _ name: String, _ packet: PacketBuilder, on port: Int = 0,
    firstSegment: Int? = nil, headroom: Int? = nil, network: Network = .twoArmed,
    counts: [String: UInt64] = [:], answers: Int = 0
  ) {
    self.reason = reason
    self.name = name
    self.packet = packet
    self.port = port
    layout = Layout(firstSegment: firstSegment, headroom: headroom)
    self.network = network
    self.counts = counts
    self.answers = answers
  }

  var testDescription: String { "\(reason.name): \(name)" }
}

private let client = Flow.web.fromClient
private let client6 = Flow.web6.fromClient
private let syn = Flow.web.syn

/// A frame of these bytes behind its link addresses.
private func frame(_ ethertype: UInt16, _ bytes: Bytes) -> PacketBuilder {
  PacketBuilder().ethernet(from: Hosts.client(1), to: Hosts.port(0)).with {
    $0.ethertype = ethertype
    $0.payload = bytes
  }
}

extension DropCase {
  static let all = link + labels + internet + transport + sessions + forwarding

  static let link: [DropCase] = [
    DropCase(.frameShort, "13 bytes", syn.cut(to: 13)),
    DropCase(
      .frameShort, "ends within the tag", syn.vlan(7).cut(to: 16),
      network: .twoArmed.port(0) { $0.vlan = 7 }),
    DropCase(.chain, "link header in two buffers", syn, firstSegment: 8),
    DropCase(.chain, "IPv4 header in two buffers", syn, firstSegment: 14 + 19),
    DropCase(.chain, "TCP header in two buffers", syn, firstSegment: 14 + 20 + 19),
    DropCase(.chain, "IPv6 header in two buffers", Flow.web6.syn, firstSegment: 14 + 39),
    DropCase(.chain, "label stack in two buffers", syn.mpls(17), firstSegment: 14 + 4),
    DropCase(
      .foreignMAC, "another host's", syn.ethernet(from: Hosts.client(1), to: Hosts.port(1))),
    DropCase(
      .linkMulticast, "IPv4 in a broadcast frame",
      syn.ethernet(from: Hosts.client(1), to: [255, 255, 255, 255, 255, 255])),
    DropCase(
      .linkMulticast, "labelled, in a multicast frame",
      syn.mpls(17).ethernet(from: Hosts.client(1), to: [1, 0, 0x5e, 0x80, 0, 1])),
    DropCase(.vlan, "tagged on an untagged port", syn.vlan(7)),
    DropCase(.vlan, "untagged on a tagged port", syn, network: .twoArmed.port(0) { $0.vlan = 7 }),
    DropCase(
      .vlan, "another VLAN", syn.vlan(8), network: .twoArmed.port(0) { $0.vlan = 7 }),
    DropCase(
      .vlan, "service tag", syn.vlan(7, protocolIdentifier: 0x88a8),
      network: .twoArmed.port(0) { $0.vlan = 7 }),
    DropCase(
      .vlan, "two tags", syn.vlan(7).vlan(8), network: .twoArmed.port(0) { $0.vlan = 7 }),
    DropCase(
      .arp, "request",
      frame(0x0806, filler(46)).with { $0.destination = Bytes(repeating: 255, count: 6) }),
    DropCase(.arp, "reply to the port", frame(0x0806, filler(46))),
    DropCase(.ethertype, "LLDP", frame(0x88cc, filler(46))),
    DropCase(.ethertype, "upstream labels", syn.mpls(17).with { $0.ethertype = 0x8848 }),
  ]

  static let labels: [DropCase] = [
    DropCase(.labelShort, "nothing behind the link header", frame(0x8847, [])),
    DropCase(.labelShort, "half an entry", frame(0x8847, [0, 1])),
    DropCase(.labelShort, "nothing behind the entry", frame(0x8847, [0, 1, 0x11, 64])),
    DropCase(.labelShort, "nothing behind explicit null", frame(0x8847, [0, 0, 0, 64])),
    DropCase(.labelReserved, "implicit null", syn.mpls(3)),
    DropCase(.labelReserved, "router alert", syn.mpls(1)),
    DropCase(.labelReserved, "entropy label indicator", syn.mpls(7)),
    DropCase(.labelReserved, "highest", syn.mpls(15)),
    DropCase(.labelReserved, "below explicit null", syn.mpls(0).mpls(14)),
    DropCase(.labelReserved, "comes before S", syn.mpls(3).mpls(17)),
    DropCase(.labelStack, "session label that is not the last", syn.mpls(17).mpls(1000)),
    DropCase(.labelStack, "comes before TTL", syn.mpls(17, ttl: 1).mpls(1000)),
    DropCase(.ttl, "label's TTL 1", syn.mpls(17, ttl: 1)),
    DropCase(.ttl, "label's TTL 0", syn.mpls(17, ttl: 0)),
    DropCase(
      .ttl, "comes before what follows the label",
      syn.mpls(17, ttl: 1).ip { $0.version = 5 }),
    DropCase(.labelPayload, "behind a label no IP", syn.mpls(17).ip { $0.version = 5 }),
    DropCase(.labelPayload, "IPv6 behind IPv4's explicit null", Flow.web6.syn.mpls(0)),
    DropCase(.labelPayload, "IPv4 behind IPv6's explicit null", syn.mpls(2)),
    DropCase(
      .labelUnknown, "never given", syn.mpls(17),
      network: .twoArmed.settings {
        $0.unknownDiscard = true
      }, counts: ["label.unknown": 1]),
    DropCase(
      .labelUnknown, "outside the range", syn.mpls(1_048_575),
      network: .twoArmed.settings {
        $0.unknownDiscard = true
      }, counts: ["label.unknown": 1]),
  ]

  static let internet: [DropCase] = [
    DropCase(.ttl, "IP TTL 1", syn.ttl(1)),
    DropCase(.ttl, "hop limit 0", Flow.web6.syn.ttl(0)),
    DropCase(.ttl, "explicit null's TTL 1", syn.mpls(0, ttl: 1)),
    DropCase(.ipShort, "19 bytes", syn.cut(to: 14 + 19)),
    DropCase(.ipShort, "39 bytes of IPv6", Flow.web6.syn.cut(to: 14 + 39)),
    DropCase(.ipShort, "nothing behind the ethertype", syn.cut(to: 14)),
    DropCase(.ipVersion, "6 in an IPv4 frame", syn.ip { $0.version = 6 }),
    DropCase(.ipVersion, "4 in an IPv6 frame", Flow.web6.syn.ip { $0.version = 4 }),
    DropCase(.ipVersion, "5", syn.ip { $0.version = 5 }),
    DropCase(.ipHeaderLength, "16", syn.ip { $0.headerWords = 4 }),
    DropCase(.ipHeaderLength, "past the packet", syn.ip { $0.headerWords = 15 }),
    DropCase(.ipTotalLength, "longer than the frame", syn.ip { $0.length = 41 }),
    DropCase(.ipTotalLength, "shorter than the header", syn.ip { $0.length = 19 }),
    DropCase(.ipTotalLength, "IPv6 payload past the frame", Flow.web6.syn.ip { $0.length = 21 }),
    DropCase(.ipChecksum, "one bit", syn.ip { $0.checksum = 0x1234 }),
    DropCase(
      .ipExtension, "hop-by-hop options in second place",
      Flow.web6.syn.ip {
        $0.extensions = [
          (60, [0, 1, 4, 0, 0, 0, 0]), (0, [0, 1, 4, 0, 0, 0, 0]),
        ]
      }),
    DropCase(
      .ipExtension, "past the packet",
      Flow.web6.syn.ip { $0.extensions = [(60, [200, 0, 0, 0, 0, 0, 0])] }),
    DropCase(
      .ipExtension, "routing header of type 0 with segments left",
      Flow.web6.syn.ip { $0.extensions = [(43, [0, 0, 1, 0, 0, 0, 0])] }),
    DropCase(
      .ipAddress, "loopback as source",
      Flow.web.with { $0.clientAddress = "127.0.0.1" }.syn),
    DropCase(
      .ipAddress, "source is destination", Flow.web.with { $0.clientAddress = Hosts.vip }.syn),
    DropCase(
      .ipAddress, "multicast as source", Flow.web6.with { $0.clientAddress = "ff02::1" }.syn),
    DropCase(
      .fragmentMalformed, "no multiple of eight",
      client.raw(filler(20)).ip {
        $0.protocolNumber = 17
        $0.moreFragments = true
        $0.fragmentOffset = 64
      }),
    DropCase(
      .fragmentMalformed, "TCP at eight bytes",
      client.raw(filler(16)).ip {
        $0.protocolNumber = 6
        $0.fragmentOffset = 8
      }),
    DropCase(
      .fragmentMalformed, "past 65,535 bytes",
      client.raw(filler(64)).ip {
        $0.protocolNumber = 17
        $0.fragmentOffset = 65528
      }),
    DropCase(
      .fragmentUnknown, "first not seen",
      client.raw(filler(16)).ip {
        $0.protocolNumber = 17
        $0.fragmentOffset = 64
      }),
    DropCase(
      .fragmentUnknown, "IPv6, first not seen",
      client6.raw(filler(16)).ip {
        $0.protocolNumber = 17
        $0.fragmentOffset = 64
        $0.identification = 5
      }),
  ]

  static let transport: [DropCase] = [
    DropCase(.protocol, "GRE", client.raw(filler(20)).ip { $0.protocolNumber = 47 }),
    DropCase(.protocol, "ICMPv6 in IPv4", client.raw(filler(20)).ip { $0.protocolNumber = 58 }),
    DropCase(.protocol, "no next header", client6.raw([])),
    DropCase(.transportShort, "TCP", client.raw(filler(19)).ip { $0.protocolNumber = 6 }),
    DropCase(.transportShort, "UDP", client6.raw(filler(7)).ip { $0.protocolNumber = 17 }),
    DropCase(.tcpOffset, "16", syn.tcp { $0.offsetWords = 4 }),
    DropCase(.tcpOffset, "past the segment", syn.tcp { $0.offsetWords = 6 }),
    DropCase(.tcpFlags, "none", syn.tcp { $0.flags = [] }),
    DropCase(.tcpFlags, "SYN and FIN", syn.tcp { $0.flags = [.syn, .fin] }),
    DropCase(.tcpFlags, "SYN and RST", syn.tcp { $0.flags = [.syn, .rst] }),
    DropCase(
      .udpLength, "7",
      Flow.dns.query().with {
        $0.transport = .udp(PacketBuilder.UDP(source: 40000, destination: 53, length: 7))
      }),
    DropCase(
      .udpLength, "longer than IP's",
      Flow.dns.query(30).with {
        $0.transport = .udp(PacketBuilder.UDP(source: 40000, destination: 53, length: 39))
      }),
    DropCase(
      .icmpQuote, "27 bytes",
      client.icmp(
        3, 1,
        payload: Bytes(
          Flow.web.fromServer(0)
            .udp(from: 80, to: 40000).ipBytes.prefix(27)))),
    DropCase(
      .icmpQuote, "of another host",
      client.icmp(
        3, 1,
        payload: Flow.web.with {
          $0.vip = "203.0.113.99"
        }.reply(0).ipBytes)),
    DropCase(.icmp, "echo request to a virtual address", client.icmp(8, 0, payload: filler(8))),
    DropCase(.icmp, "error of no session", client.icmp(3, 1, payload: Flow.web.reply(0).ipBytes)),
  ]

  static let sessions: [DropCase] = [
    DropCase(.notService, "port", Flow.web.with { $0.port = 82 }.syn),
    DropCase(.notService, "address", Flow.web.with { $0.vip = "203.0.113.11" }.syn),
    DropCase(.notService, "protocol", Flow.dns.syn),
    DropCase(
      .notService, "echo request to nobody",
      Flow.web.with { $0.vip = "203.0.113.11" }.fromClient.icmp(8, 0)),
    DropCase(.notServer, "unknown host", Flow.web.synAck(12), on: 1),
    DropCase(.notServer, "another service's server", Flow.web.synAck(2), on: 1),
    DropCase(
      .wrongSide, "client's on the server port",
      syn.ethernet(from: Hosts.client(1), to: Hosts.port(1)), on: 1),
    DropCase(
      .wrongSide, "server's on the client port",
      Flow.web.reply(0).ethernet(from: Hosts.server(0), to: Hosts.port(0))),
    DropCase(.noSession, "ACK", Flow.web.ack),
    DropCase(.noSession, "FIN", Flow.web.fin),
    DropCase(.noSession, "RST", Flow.web.rst),
    DropCase(.noSession, "SYN-ACK from a client", Flow.web.c2s([.syn, .ack], sequence: 0)),
    DropCase(
      .refused, "silently", syn,
      network: .twoArmed.service(0) {
        $0.servers = []
        $0.refuseWith = .drop
      }, counts: ["session.refused": 1]),
    DropCase(
      .refused, "with a RST", syn, network: .twoArmed.servers(of: 0) { $0.weight = 0 },
      counts: ["session.refused": 1, "answer.packets": 1], answers: 1),
    DropCase(
      .serverDown, "talks on", Flow.web.reply(0), on: 1,
      network: .twoArmed.service(0) { $0.onDown = .reset }.servers(of: 0) { $0.health = .down }),
  ]

  static let forwarding: [DropCase] = [
    DropCase(
      .noNextHop, "client's sender address is a group",
      syn.ethernet(from: [3, 0, 0, 0, 0, 1], to: Hosts.port(0))),
    DropCase(
      .noNextHop, "no server resolved", syn,
      network: .twoArmed.servers(of: 0) { $0.isResolved = false }),
    DropCase(
      .noNextHop, "server not resolved", Flow.hashed.syn,
      network: .twoArmed.servers(of: 3) { $0.isResolved = false }),
    DropCase(
      .noNextHop, "server of a lost session not resolved", Flow.hashed.ack,
      network: .twoArmed.servers(of: 3) { $0.isResolved = false }),
    DropCase(
      .notServer, "no address, as a server that is not resolved",
      Flow.web.reply(0).ethernet(
        from: [0, 0, 0, 0, 0, 0], to: Hosts.port(1)), on: 1,
      network: .twoArmed.servers(of: 0) { $0.isResolved = false }),
    DropCase(.noNextHop, "client of a lost session unknown", Flow.web.reply(0), on: 1),
    DropCase(
      .oversize, "may not be fragmented", Flow.dns.query(1000).dontFragment(),
      network: .twoArmed.port(1) { $0.mtu = 1000 },
      counts: ["session.new": 1, "answer.packets": 1], answers: 1),
    DropCase(.noBuffer, "no room for the label", syn, headroom: 3, counts: ["session.new": 1]),
  ]
}

extension DataplaneTests {
  @Suite struct DropTests {
    @Test(arguments: DropCase.all)
    func dropsForOneReason(_ drop: DropCase) throws {
      let bench = try WorkerBench(drop.network)
      let before = bench.counters
      let sent = bench.inject(
        drop.packet, on: drop.port,
        WorkerBench.Layout(
          firstSegment: drop.layout.firstSegment, headroom: drop.layout.headroom))
      var counts = drop.counts
      counts["drop.\(drop.reason.name)"] = 1
      #expect(bench.changes(since: before) == counts)
      #expect(sent.count == drop.answers)
    }

    /// The ring between two workers is full.
    @Test func ringIsFull() throws {
      let bench = try WorkerBench(workers: 2)
      let ring = try #require(bench.appliance.shared.rings[1])
      var count = 0
      while shim_ring_send_word(ring, 1) == 0 { count += 1 }
      let flow = bench.flow(.web, ownedBy: 1)
      let before = bench.counters
      bench.process([flow.syn.bytes])
      bench.appliance.workers[0].flushHandovers()
      #expect(bench.changes(since: before) == ["drop.handover_full": 1])
      for _ in 0..<count { #expect(shim_ring_receive_word(ring) == 1) }
      #expect(bench.drain().isEmpty)
    }

    /// A reason that no packet causes is not tested, or cannot happen.
    @Test func everyReasonHasAPacket() {
      let caused = Set(DropCase.all.map(\.reason)).union([
        .handoverFull, .kernelLimit, .kernelFull, .probe,
      ])
      #expect(DropReason.allCases.filter { !caused.contains($0) }.isEmpty)
    }
  }
}
