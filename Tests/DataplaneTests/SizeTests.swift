import Testing

@testable import Dataplane

extension DataplaneTests {
  /// Packets that are too long for their next link: protocol section 3.9. The server's link takes 1000
  /// bytes, and a label 4 of them.
  @Suite struct OversizeTests {
    private static let network = Network.twoArmed.port(1) { $0.mtu = 1000 }

    /// A query whose IP packet has so many bytes.
    private static func query(_ length: Int, _ flow: Flow = .dns) -> PacketBuilder {
      flow.query(length - (flow.isIPv4 ? 28 : 48)).ip { $0.identification = 0xbeef }
    }

    private static func tooBig(
      _ packet: PacketBuilder, _ flow: Flow, mtu: UInt32
    ) -> PacketBuilder {
      let answer = PacketBuilder().ethernet(from: packet.destination, to: packet.source)
        .ip(from: flow.vip, to: flow.clientAddress)
      return flow.isIPv4
        ? answer.dontFragment().icmp(3, 4, rest: mtu, payload: Bytes(packet.ipBytes.prefix(548)))
        : answer.icmp(2, 0, rest: mtu, payload: Bytes(packet.ipBytes.prefix(1232)))
    }

    @Test(arguments: [(996, true), (997, false), (1000, false)])
    func goesWithoutALabelThatDoesNotFit(length: Int, isLabelled: Bool) throws {
      let bench = try WorkerBench(Self.network)
      let packet = Self.query(length)
      bench.check(
        packet, gives: [.out(1, packet.toServer(2, label: isLabelled ? 17 : nil))],
        ["session.new": 1, "analysed.forwarded": 1])
    }

    /// RFC 791 2.3: pieces of a multiple of eight bytes, here (1000 - 20) / 8 * 8 = 976.
    @Test(arguments: [(1001, [0, 976]), (1001 + 976, [0, 976, 1952])])
    func fragmentsWhatMayBe(length: Int, offsets: [Int]) throws {
      let bench = try WorkerBench(Self.network.port(0) { $0.mtu = 4000 })
      let packet = Self.query(length)
      let pieces = packet.fragments(at: offsets).map { Sent.out(1, $0.toServer(2)) }
      bench.check(packet, gives: pieces, ["session.new": 1, "analysed.forwarded": 1])
      bench.check(
        packet, WorkerBench.Layout(firstSegment: 200), gives: pieces, ["analysed.forwarded": 1])
      // What the link padded is cut off.
      bench.check(packet.padded(10), gives: pieces, ["analysed.forwarded": 1])
      bench.check(
        packet.padded(10), WorkerBench.Layout(firstSegment: 200), gives: [], ["drop.oversize": 1])
    }

    /// What is a fragment already keeps its offset, and its last piece the flag of more to come.
    @Test func fragmentsFragments() throws {
      let bench = try WorkerBench(Self.network)
      let whole = Self.query(3000)
      let parts = whole.fragments(at: [0, 400, 1600])
      bench.inject(parts[0])
      let pieces = whole.fragments(at: [0, 400, 1376, 1600])[1...2].map {
        Sent.out(1, $0.toServer(2))
      }
      bench.check(parts[1], gives: Array(pieces), ["analysed.forwarded": 1])
    }

    @Test(arguments: [(Flow.dns, 2, true), (.dns, 2, false), (.dns6, 10, true), (.dns6, 10, false)])
    func answersWhatMayNotBe(flow: Flow, slot: Int, isLabelled: Bool) throws {
      let service = flow.isIPv4 ? 1 : 5
      let bench = try WorkerBench(Self.network.servers(of: service) { $0.labels = isLabelled })
      let packet = Self.query(1001, flow).dontFragment()
      bench.check(
        packet, gives: [.out(0, Self.tooBig(packet, flow, mtu: isLabelled ? 996 : 1000))],
        ["session.new": 1, "drop.oversize": 1, "answer.packets": 1])
    }

    /// Switched: popped if that helps, else fragmented or answered.
    @Test func switchesWhatIsTooLong() throws {
      let bench = try WorkerBench(Self.network)
      bench.converse(.dns, slot: 2)
      let fits = Self.query(996).mpls(17)
      bench.check(
        fits, gives: [.out(1, fits.switched(from: 1, to: Hosts.server(2)))],
        ["label.switched": 1])
      for length in [997, 1000] {
        bench.check(
          Self.query(length).mpls(17, ttl: 9),
          gives: [.out(1, Self.query(length).toServer(2, ttl: 8))],
          ["label.switched": 1, "label.popped": 1])
      }
      let long = Self.query(1001)
      bench.check(
        long.mpls(17, ttl: 9),
        gives: long.fragments(at: [0, 976]).map { .out(1, $0.toServer(2, ttl: 8)) },
        ["label.switched": 1, "label.popped": 1])
      let whole = Self.query(1001).dontFragment()
      bench.check(
        whole.mpls(17), gives: [.out(0, Self.tooBig(whole, .dns, mtu: 996))],
        ["drop.oversize": 1, "answer.packets": 1])
    }

    @Test func switchesIPv6ThatIsTooLong() throws {
      let bench = try WorkerBench(Self.network)
      bench.converse(.dns6, slot: 10)
      let long = Self.query(1001, .dns6)
      bench.check(
        long.mpls(17), gives: [.out(0, Self.tooBig(long, .dns6, mtu: 996))],
        ["drop.oversize": 1, "answer.packets": 1])
    }

    /// Towards a plain client no label counts.
    @Test func popsBeforeMeasuring() throws {
      let bench = try WorkerBench(.twoArmed.port(0) { $0.mtu = 1000 })
      bench.converse(.dns, slot: 2)
      let full = Flow.dns.answer(2, 972)
      bench.check(
        full.mpls(18), on: 1, gives: [.out(0, full.toClient())],
        ["label.switched": 1, "label.popped": 1])
      let long = Flow.dns.answer(2, 973).dontFragment()
      let error = PacketBuilder().ethernet(from: Hosts.port(1), to: Hosts.server(2))
        .ip(from: Hosts.client, to: Hosts.vip).dontFragment()
        .icmp(3, 4, rest: 1000, payload: Bytes(long.ipBytes.prefix(548)))
      bench.check(
        long.mpls(18), on: 1, gives: [.out(1, error)], ["drop.oversize": 1, "answer.packets": 1])
    }

    /// More pieces than one packet is split into.
    @Test func fragmentsHaveALimit() throws {
      let bench = try WorkerBench(.twoArmed.port(1) { $0.mtu = 68 })
      bench.check(
        Self.query(28 + 1900), gives: [], ["session.new": 1, "drop.oversize": 1])
    }
  }

  /// Fragments of datagrams and their session, with one worker and with three.
  @Suite struct FragmentTests {
    @Test(arguments: [(Flow.dns, 2), (.dns6, 10)], [(1, 0), (3, 0), (3, 1), (3, 2)])
    func followTheFirst(flow: (Flow, Int), place: (workers: Int, lands: Int)) throws {
      let (flow, slot) = flow
      let bench = try WorkerBench(workers: place.workers)
      for port in 44000..<44012 as Range<UInt16> {
        let flow = flow.from(port)
        let pieces = flow.query(200).ip { $0.identification = UInt32(port) }
          .fragments(at: [0, 64, 128])
        let sent = bench.inject(pieces.map(\.bytes), worker: place.lands)
        let label = try #require(
          sent.first.map { frame in
            UInt32(frame.bytes[14]) << 12 | UInt32(frame.bytes[15]) << 4
              | UInt32(frame.bytes[16]) >> 4
          })
        let chosen = try #require(sent.first.map { Int($0.bytes[5]) - 0x10 })
        #expect(chosen == slot || chosen == slot + 1)
        #expect(sent == pieces.map { .out(1, $0.toServer(chosen, label: label)) })
      }
      #expect(bench["session.new"] == 12)
      #expect(bench["analysed.forwarded"] == 36)
      if place.workers == 1 { #expect(bench["handover.packets"] == 0) }
    }

    /// Wherever each of them lands.
    @Test func meetFromSeveralWorkers() throws {
      let bench = try WorkerBench(workers: 3)
      for port in 44000..<44012 as Range<UInt16> {
        let pieces = Flow.dns.from(port).query(200).ip { $0.identification = UInt32(port) }
          .fragments(at: [0, 64, 128])
        for (worker, piece) in pieces.enumerated() {
          #expect(bench.inject(piece, worker: worker).count == 1)
        }
      }
      #expect(bench["session.new"] == 12)
    }

    /// A server's fragments find the session's client.
    @Test(arguments: [1, 3])
    func followBackwards(workers: Int) throws {
      let bench = try WorkerBench(workers: workers)
      let sent = bench.inject(Flow.dns.query())
      let slot = try #require(sent.first.map { Int($0.bytes[5]) - 0x10 })
      let pieces = Flow.dns.answer(slot, 200).ip { $0.identification = 4 }.fragments(at: [0, 128])
      #expect(
        bench.inject(pieces.map(\.bytes), on: 1, worker: workers - 1)
          == pieces.map { .out(0, $0.toClient()) })
    }

    /// With another session's embryonic label, where the label alone is looked at: the pair's owner
    /// finds the first one's unknown, and every worker that it meets after that believes it.
    @Test func travelWithUnknownLabels() throws {
      let bench = try WorkerBench(.twoArmed.settings { $0.guardPort = true }, workers: 3)
      let first = try #require(bench.inject(Flow.dns.query()).first).bytes
      let label = UInt32(first[14]) << 12 | UInt32(first[15]) << 4 | UInt32(first[16]) >> 4
      for port in 44000..<44024 as Range<UInt16> {
        let pieces = Flow.dns.from(port).query(200).ip { $0.identification = UInt32(port) }
          .fragments(at: [0, 64])
        let before = bench["handover.packets"]
        let sent = bench.inject(pieces.map { $0.mpls(label).bytes }, worker: Int(port) % 3)
        #expect(sent.count == 2)
        #expect(bench["handover.packets"] - before <= 6)
      }
      // The later ones have the addresses of the label's session, which is all that can be told of them.
      #expect(bench["label.unknown"] == 24)
      #expect(bench["session.new"] == 25)
    }

    /// Another datagram's identification, or too long ago.
    @Test func otherDatagrams() throws {
      let bench = try WorkerBench()
      let pieces = Flow.dns.query(200).ip { $0.identification = 4 }.fragments(at: [0, 64, 128])
      bench.inject(pieces[0])
      bench.check(
        pieces[1].ip { $0.identification = 5 }, gives: [], ["drop.fragment_unknown": 1])
      bench.advance(by: 150)
      bench.inject(Flow.dns.query())
      bench.advance(by: 150)
      bench.check(
        pieces[1], gives: [.out(1, pieces[1].toServer(2, label: 17))],
        ["analysed.forwarded": 1])
      bench.advance(by: 1788)
      bench.check(pieces[2], gives: [], ["drop.fragment_unknown": 1])
    }

    /// A fragment of a datagram whose session is over.
    @Test func sessionIsOver() throws {
      let bench = try WorkerBench()
      let pieces = Flow.dns.query(200).ip { $0.identification = 4 }.fragments(at: [0, 64])
      bench.inject(pieces[0])
      bench.advance(by: 202)
      #expect(bench.sessions.isEmpty)
      bench.check(pieces[1], gives: [], ["drop.fragment_unknown": 1])
    }

    /// Labelled fragments of an embryonic pair: the label names the session where the ports cannot.
    @Test func ofAnEmbryonicPair() throws {
      let bench = try WorkerBench()
      bench.inject(Flow.dns.query())
      let pieces = Flow.dns.answer(2, 200).ip { $0.identification = 4 }.fragments(at: [0, 64])
      for piece in pieces {
        bench.check(
          piece.mpls(18), on: 1, gives: [.out(0, piece.toClient())], ["analysed.forwarded": 1])
      }
      // Fragments are no sign of both directions.
      #expect(bench.state(of: 17) == .embryonic)
    }
  }

  /// ICMP errors travel with the session whose packet they quote.
  @Suite struct ErrorTests {
    @Test(arguments: [(Flow.web, 0), (.web6, 4)])
    func travelWithTheirSession(flow: Flow, slot: Int) throws {
      let bench = try WorkerBench()
      bench.establish(flow, slot: slot)
      let router = flow.isIPv4 ? "192.0.2.77" : "2001:db8:77::1"
      let type: UInt8 = flow.isIPv4 ? 3 : 1
      // From the client's side, about what the server sent.
      let up = flow.fromClient.ip(from: router, to: flow.vip)
        .icmp(type, 1, payload: Bytes(flow.reply(slot).ipBytes.prefix(flow.isIPv4 ? 28 : 60)))
      bench.check(
        up, gives: [.out(1, up.toServer(slot, label: 17))], ["analysed.forwarded": 1])
      // From the server's side, about what the client sent: packet too big.
      let down = flow.fromServer(slot).ip(from: router, to: flow.clientAddress)
        .icmp(
          flow.isIPv4 ? 3 : 2, flow.isIPv4 ? 4 : 0, rest: 1400, payload: flow.data().ipBytes)
      bench.check(down, on: 1, gives: [.out(0, down.toClient())], ["analysed.forwarded": 1])
      // An error ends nothing and begins nothing.
      #expect(bench.state(of: 17) == .live)
    }

    /// A labelled error is no packet of the label's session key: it is analysed.
    @Test func analysedUnderALabel() throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      let error = Flow.web.fromServer(0).icmp(3, 1, payload: Flow.web.data().ipBytes)
      bench.check(
        error.mpls(18, ttl: 20), on: 1, gives: [.out(0, error.toClient(ttl: 19))],
        ["label.unknown": 1, "analysed.forwarded": 1])
    }

    @Test func wrongSide() throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      let error = Flow.web.fromClient.ip(from: "192.0.2.77", to: Hosts.client)
        .icmp(3, 1, payload: Flow.web.data().ipBytes)
      bench.check(error, gives: [], ["drop.wrong_side": 1])
    }

    @Test func reachesTheOwner() throws {
      let bench = try WorkerBench(workers: 3)
      let flow = bench.flow(.web, ownedBy: 1)
      let sent = bench.inject(flow.syn, worker: 1)
      let slot = try #require(sent.first.map { Int($0.bytes[5]) - 0x10 })
      let error = flow.fromClient.ip(from: "192.0.2.77", to: Hosts.vip)
        .icmp(11, 0, payload: Bytes(flow.reply(slot).ipBytes.prefix(28)))
      let label = UInt32(59)
      bench.check(
        error, worker: 2, gives: [.out(1, error.toServer(slot, label: label))],
        ["handover.packets": 1, "analysed.forwarded": 1])
    }
  }
}

private typealias Sent = WorkerBench.Sent
