import Labels
import Snapshots
import Testing

@testable import Dataplane

extension DataplaneTests {
  /// Embryonic pairs and what promotes them: protocol section 3.5.
  @Suite struct HandshakeTests {
    /// SYN, SYN-ACK, ACK between two label endpoints: all analysed, all labelled, then switched.
    @Test func handshakeOfLabelEndpoints() throws {
      let flow = Flow.web
      let bench = try WorkerBench(.twoArmed.service(0) { $0.clients = .labelled })
      bench.check(
        flow.syn, gives: [.out(1, flow.syn.toServer(0, label: 17))],
        ["session.new": 1, "analysed.forwarded": 1])
      #expect(bench.state(of: 17) == .embryonic)
      #expect(bench.state(of: 18) == .embryonic)
      bench.check(
        flow.synAck(0).mpls(18), on: 1, gives: [.out(0, flow.synAck(0).toClient(label: 18))],
        ["analysed.forwarded": 1])
      #expect(bench.state(of: 17) == .embryonic)
      bench.check(
        flow.ack.mpls(17), gives: [.out(1, flow.ack.toServer(0, label: 17))],
        ["analysed.forwarded": 1])
      #expect(bench.state(of: 17) == .live)
      #expect(bench.state(of: 18) == .live)
      let reply = flow.reply(0).mpls(18)
      bench.check(
        reply, on: 1, gives: [.out(0, reply.switched(from: 0, to: Hosts.client(1)))],
        ["label.switched": 1])
    }

    /// The traffic class of an embryonic pair's packet stays.
    @Test func trafficClassStays() throws {
      let flow = Flow.web
      let bench = try WorkerBench()
      bench.inject(flow.syn)
      let expected = flow.syn.toServer(0, label: 17).with { $0.labels[0].trafficClass = 6 }
      bench.check(
        flow.syn.mpls(17, trafficClass: 6), gives: [.out(1, expected)],
        ["analysed.forwarded": 1])
    }

    /// An ACK of anything but the SYN-ACK promotes nothing, labelled or not.
    @Test(arguments: [UInt32(1), 100, 0x8000_0000, 0xffff_ffff])
    func promotesOnlyByTheNumber(acknowledgement: UInt32) throws {
      let bench = try WorkerBench()
      bench.inject(Flow.web.syn)
      bench.inject(Flow.web.synAck(0).mpls(18), on: 1)
      bench.inject(Flow.web.c2s(.ack, acknowledgement: acknowledgement).mpls(17))
      #expect(bench.state(of: 17) == .embryonic)
      bench.inject(Flow.web.ack.mpls(17))
      #expect(bench.state(of: 17) == .live)
    }

    /// One side alone cannot make a pair live, however much it sends.
    @Test func promotesByBothSidesOnly() throws {
      let bench = try WorkerBench()
      bench.inject(Flow.web.syn)
      for _ in 0..<3 { bench.inject(Flow.web.ack.mpls(17)) }
      for _ in 0..<3 { bench.inject(Flow.web.data().mpls(17)) }
      #expect(bench.state(of: 17) == .embryonic)
      bench.inject(Flow.web.synAck(0).mpls(18), on: 1)
      for _ in 0..<3 { bench.inject(Flow.web.reply(0).mpls(18), on: 1) }
      #expect(bench.state(of: 17) == .embryonic)
      bench.inject(Flow.web.ack.mpls(17))
      #expect(bench.state(of: 17) == .live)
    }

    /// UDP: a client packet that follows a server packet.
    @Test func promotesUDP() throws {
      let flow = Flow.dns
      let bench = try WorkerBench()
      bench.check(
        flow.query(), gives: [.out(1, flow.query().toServer(2, label: 17))],
        ["session.new": 1, "analysed.forwarded": 1])
      bench.inject(flow.query())
      #expect(bench.state(of: 17) == .embryonic)
      bench.check(
        flow.answer(2).mpls(18), on: 1, gives: [.out(0, flow.answer(2).toClient())],
        ["analysed.forwarded": 1])
      #expect(bench.state(of: 17) == .embryonic)
      bench.check(
        flow.query().mpls(17), gives: [.out(1, flow.query().toServer(2, label: 17))],
        ["analysed.forwarded": 1])
      #expect(bench.state(of: 17) == .live)
    }

    /// A plain server's answer may take another way: the client's ACK that follows its SYN promotes.
    /// No pair is taken before a server packet is seen.
    @Test func promotesPastAnUnseenAnswer() throws {
      let flow = Flow.plain
      let bench = try WorkerBench()
      bench.inject(flow.syn.mpls(0))
      bench.inject(flow.c2s(.ack, sequence: 500).mpls(0))
      #expect(bench.sessions.map(\.state) == [.embryonic])
      bench.inject(flow.ack.mpls(0))
      #expect(bench.sessions.map(\.state) == [.live])
      #expect(bench.appliance.pairCounts.free == 64)
      bench.check(
        flow.reply(8), on: 1, gives: [.out(0, flow.reply(8).toClient(label: 18))],
        ["analysed.forwarded": 1])
      #expect(bench.state(of: 18) == .live)
    }
  }

  /// Who gets a pair, and when: protocol sections 3.7 and 3.8. SYN, SYN-ACK, ACK of the client in
  /// each case.
  @Suite struct PairGivingTests {
    struct Case: Sendable, CustomTestStringConvertible {
      var name: String
      var flow: Flow
      var clients: ClientLabelling
      var saysNull = false
      /// The labels that the packets leave with.
      var labels: [UInt32?]
      var testDescription: String { name }
    }

    static let cases = [
      Case(name: "labelled server", flow: .web, clients: .auto, labels: [17, nil, 17]),
      Case(
        name: "labelled server, client says so", flow: .web, clients: .auto, saysNull: true,
        labels: [17, 18, 17]),
      Case(
        name: "labelled server, client need not say", flow: .web, clients: .labelled,
        labels: [17, 18, 17]),
      Case(
        name: "labelled server, plain clients by configuration", flow: .web, clients: .plain,
        saysNull: true, labels: [17, nil, 17]),
      Case(name: "plain server", flow: .plain, clients: .auto, labels: [nil, nil, nil]),
      Case(
        name: "plain server, client says so", flow: .plain, clients: .auto, saysNull: true,
        labels: [nil, 18, nil]),
      Case(
        name: "plain server, client need not say", flow: .plain, clients: .labelled,
        labels: [nil, 18, nil]),
      Case(
        name: "plain server, plain clients by configuration", flow: .plain, clients: .plain,
        saysNull: true, labels: [nil, nil, nil]),
    ]

    @Test(arguments: cases)
    func gives(_ example: Case) throws {
      let service = example.flow.port == 80 ? 0 : 4
      let slot = service * 2
      let flow = example.flow
      let bench = try WorkerBench(.twoArmed.service(service) { $0.clients = example.clients })
      func said(_ packet: PacketBuilder) -> PacketBuilder {
        example.saysNull ? packet.mpls(0) : packet
      }
      bench.check(
        said(flow.syn), gives: [.out(1, flow.syn.toServer(slot, label: example.labels[0]))],
        ["session.new": 1, "analysed.forwarded": 1])
      bench.check(
        flow.synAck(slot), on: 1,
        gives: [.out(0, flow.synAck(slot).toClient(label: example.labels[1]))],
        ["analysed.forwarded": 1])
      bench.check(
        said(flow.ack), gives: [.out(1, flow.ack.toServer(slot, label: example.labels[2]))],
        ["analysed.forwarded": 1])
      let takesPair = example.labels.contains { $0 != nil }
      #expect(bench.appliance.pairCounts.live == (takesPair ? 1 : 0))
    }

    /// A client that begins to say so in mid-session gets labels from then on, switched ones too.
    @Test func learnsFromALaterPacket() throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      bench.inject(Flow.web.data().mpls(0))
      let reply = Flow.web.reply(0).mpls(18)
      bench.check(
        reply, on: 1, gives: [.out(0, reply.switched(from: 0, to: Hosts.client(1)))],
        ["label.switched": 1])
    }

    /// A pair that is given to a closing session is a closing one.
    @Test func givesAPairToAClosingSession() throws {
      let bench = try WorkerBench()
      bench.establish(.plain, slot: 8)
      bench.inject(Flow.plain.fin)
      bench.inject(Flow.plain.fin(8), on: 1)
      #expect(bench.appliance.pairCounts.free == 64)
      bench.inject(Flow.plain.ack.mpls(0))
      bench.check(
        Flow.plain.reply(8), on: 1, gives: [.out(0, Flow.plain.reply(8).toClient(label: 18))],
        ["analysed.forwarded": 1])
      #expect(bench.state(of: 18) == .closing)
      #expect(bench.appliance.pairCounts.closing == 1)
    }

    /// Explicit null of IPv6, and a C2S label that is unknown, say the same.
    @Test func learnsFromNullOfIPv6AndFromC2SLabels() throws {
      let bench = try WorkerBench()
      bench.inject(Flow.web6.syn.mpls(2))
      bench.check(
        Flow.web6.synAck(4), on: 1, gives: [.out(0, Flow.web6.synAck(4).toClient(label: 18))],
        ["analysed.forwarded": 1])
      bench.inject(Flow.web.syn.mpls(1001))
      bench.check(
        Flow.web.synAck(0), on: 1, gives: [.out(0, Flow.web.synAck(0).toClient(label: 20))],
        ["analysed.forwarded": 1])
      // An S2C label says nothing of a client.
      let other = Flow.web.from(40001)
      bench.inject(other.syn.mpls(1002))
      bench.check(
        other.synAck(1), on: 1, gives: [.out(0, other.synAck(1).toClient())],
        ["analysed.forwarded": 1])
    }

    /// MSS is lowered to what both links take with a label: 1500 - 4 - 40, or - 60 for IPv6.
    @Test(arguments: [(Flow.web, 0, 1456), (.web6, 4, 1436), (.plain, 8, 1460)])
    func clampsSegmentSize(flow: Flow, slot: Int, limit: Int) throws {
      let bench = try WorkerBench()
      func option(_ size: Int) -> Bytes {
        [1, 1, 1, 1, 2, 4] + big16(UInt16(size)) + [1, 1] + [0, 0]
      }
      let syn = flow.c2s(.syn, sequence: 0, options: option(8960))
      let clamped = flow.c2s(.syn, sequence: 0, options: option(limit))
      let label: UInt32? = slot == 8 ? nil : 17
      bench.check(
        syn, gives: [.out(1, clamped.toServer(slot, label: label))],
        ["session.new": 1, "analysed.forwarded": 1])
      let synAck = flow.s2c(slot, [.syn, .ack], sequence: 0, options: option(8960))
      bench.check(
        synAck, on: 1,
        gives: [
          .out(0, flow.s2c(slot, [.syn, .ack], sequence: 0, options: option(limit)).toClient())
        ],
        ["analysed.forwarded": 1])
      // What is small enough stays.
      let small = flow.from(40001).c2s(.syn, sequence: 0, options: option(536))
      #expect(bench.inject(small).first?.bytes.suffix(28) == small.bytes.suffix(28))
    }

    /// The narrower of the two links counts.
    @Test func clampsToTheNarrowerLink() throws {
      let bench = try WorkerBench(.twoArmed.port(0) { $0.mtu = 1400 })
      let syn = Flow.web.c2s(.syn, sequence: 0, options: [2, 4] + big16(1460))
      let clamped = Flow.web.c2s(.syn, sequence: 0, options: [2, 4] + big16(1356))
      bench.check(
        syn, gives: [.out(1, clamped.toServer(0, label: 17))],
        ["session.new": 1, "analysed.forwarded": 1])
    }
  }
}
