import Labels
import Testing

@testable import Dataplane

extension DataplaneTests {
  /// The label switch: protocol sections 2 and 3.4. The first pair given is 17/18, the second 19/20.
  @Suite struct SwitchTests {
    @Test func switchesToALabelEndpoint() throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      let packet = Flow.web.data().mpls(17, ttl: 64, trafficClass: 5)
      bench.check(
        packet, gives: [.out(1, packet.switched(from: 1, to: Hosts.server(0)))],
        ["label.switched": 1])
    }

    /// TTL 2 is the least that goes on, 255 the most there is.
    @Test(arguments: [2, 255] as [UInt8])
    func decrementsOnce(ttl: UInt8) throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      let packet = Flow.web.data().ttl(9).mpls(17, ttl: ttl)
      bench.check(
        packet, gives: [.out(1, packet.switched(from: 1, to: Hosts.server(0)))],
        ["label.switched": 1])
    }

    /// RFC 3443: the label's TTL, decremented once, is the IP packet's after a pop.
    @Test(arguments: [2, 64, 255] as [UInt8])
    func popsToAPlainHost(ttl: UInt8) throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      let packet = Flow.web.reply(0).ttl(200)
      bench.check(
        packet.mpls(18, ttl: ttl), on: 1, gives: [.out(0, packet.toClient(ttl: ttl - 1))],
        ["label.switched": 1, "label.popped": 1])
    }

    @Test func switchesAndPopsIPv6() throws {
      let bench = try WorkerBench()
      bench.establish(.web6, slot: 4)
      let packet = Flow.web6.data().mpls(17)
      bench.check(
        packet, gives: [.out(1, packet.switched(from: 1, to: Hosts.server(4)))],
        ["label.switched": 1])
      bench.check(
        Flow.web6.reply(4).mpls(18, ttl: 50), on: 1,
        gives: [.out(0, Flow.web6.reply(4).toClient(ttl: 49))],
        ["label.switched": 1, "label.popped": 1])
    }

    /// Explicit null on top goes, and its TTL is the packet's.
    @Test func popsExplicitNullOnTop() throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      let packet = Flow.web.data()
      let expected = packet.ethernet(from: Hosts.port(1), to: Hosts.server(0)).mpls(17, ttl: 49)
      bench.check(
        packet.mpls(0, ttl: 50).mpls(17, ttl: 64), gives: [.out(1, expected)],
        ["label.switched": 1])
      bench.check(
        packet.mpls(2, ttl: 40).mpls(0, ttl: 50).mpls(17, ttl: 64),
        gives: [
          .out(
            1, packet.ethernet(from: Hosts.port(1), to: Hosts.server(0)).mpls(17, ttl: 39))
        ],
        ["label.switched": 1])
    }

    @Test func switchesBetweenVLANs() throws {
      let network = Network.twoArmed.port(0) { $0.vlan = 7 }.port(1) { $0.vlan = 9 }
      let bench = try WorkerBench(network)
      bench.check(
        Flow.web.syn.vlan(7), gives: [.out(1, Flow.web.syn.toServer(0, label: 17).vlan(9))],
        ["session.new": 1, "analysed.forwarded": 1])
      bench.inject(Flow.web.synAck(0).vlan(9), on: 1)
      bench.inject(Flow.web.ack.vlan(7))
      // Priority and drop eligibility bits are not part of the VLAN's identifier.
      let packet = Flow.web.data().mpls(17)
      bench.check(
        packet.vlan(0xf007),
        gives: [.out(1, packet.switched(from: 1, to: Hosts.server(0)).vlan(9))],
        ["label.switched": 1])
      bench.check(
        Flow.web.reply(0).mpls(18).vlan(9), on: 1,
        gives: [.out(0, Flow.web.reply(0).toClient().vlan(7))],
        ["label.switched": 1, "label.popped": 1])
    }

    @Test func switchesFromTaggedToUntagged() throws {
      let bench = try WorkerBench(.twoArmed.port(0) { $0.vlan = 7 })
      bench.check(
        Flow.web.syn.vlan(7), gives: [.out(1, Flow.web.syn.toServer(0, label: 17))],
        ["session.new": 1, "analysed.forwarded": 1])
      bench.check(
        Flow.web.synAck(0), on: 1, gives: [.out(0, Flow.web.synAck(0).toClient().vlan(7))],
        ["analysed.forwarded": 1])
    }

    @Test func switchesOnOnePort() throws {
      let bench = try WorkerBench(.oneArmed)
      let flow = Flow.web.with { $0.backPort = 0 }
      bench.establish(flow, slot: 0)
      let packet = flow.data().mpls(17)
      bench.check(
        packet, gives: [.out(0, packet.switched(from: 0, to: Hosts.server(0)))],
        ["label.switched": 1])
      bench.check(
        flow.reply(0).mpls(18), gives: [.out(0, flow.reply(0).toClient())],
        ["label.switched": 1, "label.popped": 1])
    }

    /// Buffers of two segments, the first with no more than the headers that are needed.
    @Test func switchesChains() throws {
      let bench = try WorkerBench(
        .twoArmed.port(0) { $0.mtu = 9000 }.port(1) { $0.mtu = 9000 })
      bench.establish(.web, slot: 0)
      let packet = Flow.web.data(3000).mpls(17)
      bench.check(
        packet, WorkerBench.Layout(firstSegment: 1500),
        gives: [.out(1, packet.switched(from: 1, to: Hosts.server(0)))], ["label.switched": 1])
      let reply = Flow.web.reply(0, 3000)
      bench.check(
        reply.mpls(18), on: 1, WorkerBench.Layout(firstSegment: 1500),
        gives: [.out(0, reply.toClient())], ["label.switched": 1, "label.popped": 1])
      bench.check(
        Flow.web.data(3000), WorkerBench.Layout(firstSegment: 1500),
        gives: [.out(1, Flow.web.data(3000).toServer(0, label: 17))], ["analysed.forwarded": 1])
      // The label is there, but not the IP header that the pop writes to.
      bench.check(
        Flow.web.reply(0).mpls(18), on: 1, WorkerBench.Layout(firstSegment: 14 + 4 + 10), gives: [],
        ["label.unknown": 1, "drop.chain": 1])
    }
  }

  /// The tests of entry, side and guard: protocol sections 3.2, 3.3 and 3.6.
  @Suite struct UnknownLabelTests {
    /// Without a session a label is popped, and the packet meets what any other meets.
    @Test func analysesWhatItDoesNotKnow() throws {
      let bench = try WorkerBench()
      let packet = Flow.web.syn
      bench.check(
        packet.mpls(99, ttl: 30),
        gives: [.out(1, packet.toServer(0, label: 17, ttl: 29))],
        ["label.unknown": 1, "session.new": 1, "analysed.forwarded": 1])
    }

    @Test(arguments: [16, 17, 18, 145, 146, 1_048_574, 1_048_575] as [UInt32])
    func knowsNoLabelBeforeItGaveIt(label: UInt32) throws {
      let bench = try WorkerBench()
      bench.check(
        Flow.web.ack.mpls(label), gives: [], ["label.unknown": 1, "drop.no_session": 1])
    }

    @Test func wrongSide() throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      let behind = Flow.web.data().ethernet(from: Hosts.client(1), to: Hosts.port(1))
      bench.check(
        behind.mpls(17), on: 1, gives: [], ["label.unknown": 1, "drop.wrong_side": 1])
      let before = Flow.web.reply(0).ethernet(from: Hosts.server(0), to: Hosts.port(0))
      bench.check(before.mpls(18), gives: [], ["label.unknown": 1, "drop.wrong_side": 1])
    }

    /// The label of one session on a packet of another: analysed, and on with its own label.
    @Test func guardComparesTheInnerPacket() throws {
      let bench = try WorkerBench()
      let other = Flow.web.from(40001)
      bench.establish(.web, slot: 0)
      bench.establish(other, slot: 1)
      bench.check(
        other.data().mpls(17), gives: [.out(1, other.data().toServer(1, label: 19))],
        ["label.unknown": 1, "analysed.forwarded": 1])
      let far = Flow.web.with { $0.clientAddress = "198.51.100.2" }
      bench.check(
        far.data().mpls(17), gives: [], ["label.unknown": 1, "drop.no_session": 1])
      // The same ports, another protocol.
      let query = Flow.web.query()
      bench.check(query.mpls(17), gives: [], ["label.unknown": 1, "drop.not_service": 1])
      // The other direction's packet under this direction's label.
      let turned = Flow.web.fromClient.ip(from: Hosts.vip, to: Hosts.client)
        .tcp(from: 80, to: 40000, .ack)
      bench.check(turned.mpls(17), gives: [], ["label.unknown": 1, "drop.wrong_side": 1])
    }

    @Test func guardComparesIPv6() throws {
      let bench = try WorkerBench()
      bench.establish(.web6, slot: 4)
      bench.check(
        Flow.web6.from(40001).data().mpls(17), gives: [],
        ["label.unknown": 1, "drop.no_session": 1])
      let far = Flow.web6.with { $0.clientAddress = "2001:db8:2::2" }
      bench.check(
        far.data().mpls(17), gives: [], ["label.unknown": 1, "drop.no_session": 1])
    }

    /// IPv4 options and IPv6 extension headers move the ports, not the guard.
    @Test func guardFindsThePorts() throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      let options = Flow.web.data().ip { $0.options = [1, 1, 1, 0] }.mpls(17)
      bench.check(
        options, gives: [.out(1, options.switched(from: 1, to: Hosts.server(0)))],
        ["label.switched": 1])
      bench.establish(.web6, slot: 4)
      let extended = Flow.web6.data().ip { $0.extensions = [(60, [0, 1, 4, 0, 0, 0, 0])] }
        .mpls(19)
      bench.check(
        extended, gives: [.out(1, extended.switched(from: 1, to: Hosts.server(4)))],
        ["label.switched": 1])
      let wrong = Flow.web.from(40001).data().ip { $0.options = [1, 1, 1, 0] }.mpls(17)
      bench.check(wrong, gives: [], ["label.unknown": 1, "drop.no_session": 1])
    }

    /// Of a fragment that is not the first only addresses and protocol can be compared.
    @Test(arguments: [Flow.dns, Flow.dns6])
    func guardOfLaterFragments(flow: Flow) throws {
      let slot = flow.isIPv4 ? 2 : 10
      let bench = try WorkerBench()
      bench.converse(flow, slot: slot)
      let fragment = flow.query(200).ip { $0.identification = 77 }.fragments(at: [0, 96])[1]
        .mpls(17)
      bench.check(
        fragment, gives: [.out(1, fragment.switched(from: 1, to: Hosts.server(slot)))],
        ["label.switched": 1])
      let far = flow.with { $0.clientAddress = $0.isIPv4 ? "198.51.100.2" : "2001:db8:2::2" }
      bench.check(
        far.query(200).ip { $0.identification = 78 }.fragments(at: [0, 96])[1].mpls(17),
        gives: [], ["label.unknown": 1, "drop.fragment_unknown": 1])
    }

    /// A first fragment shows its ports, and they count.
    @Test(arguments: [Flow.dns, Flow.dns6])
    func guardOfFirstFragments(flow: Flow) throws {
      let slot = flow.isIPv4 ? 2 : 10
      let bench = try WorkerBench()
      bench.converse(flow, slot: slot)
      let first = flow.query(200).fragments(at: [0, 96])[0].mpls(17)
      bench.check(
        first, gives: [.out(1, first.switched(from: 1, to: Hosts.server(slot)))],
        ["label.switched": 1])
      let other = flow.from(40001).query(200).fragments(at: [0, 96])[0]
      bench.check(
        other.mpls(17), gives: [.out(1, other.toServer(slot + 1, label: 19))],
        ["label.unknown": 1, "session.new": 1, "analysed.forwarded": 1])
    }

    /// `guard: port` switches whatever has the label, but not where both sides share the port.
    @Test func guardOfThePortAlone() throws {
      let other = Flow.web.from(40001)
      let trusting = try WorkerBench(.twoArmed.settings { $0.guardPort = true })
      trusting.establish(.web, slot: 0)
      let packet = other.data().mpls(17)
      trusting.check(
        packet, gives: [.out(1, packet.switched(from: 1, to: Hosts.server(0)))],
        ["label.switched": 1])
      trusting.check(
        other.reply(0).ethernet(from: Hosts.server(0), to: Hosts.port(0)).mpls(18), gives: [],
        ["label.unknown": 1, "drop.wrong_side": 1])
      let shared = try WorkerBench(.oneArmed.settings { $0.guardPort = true })
      shared.establish(Flow.web.with { $0.backPort = 0 }, slot: 0)
      shared.check(packet, gives: [], ["label.unknown": 1, "drop.no_session": 1])
    }
  }
}
