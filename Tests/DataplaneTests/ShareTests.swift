import Testing

@testable import Dataplane

extension DataplaneTests {
  /// What happens when pairs or the session table run short: protocol section 4.
  @Suite struct ShareTests {
    private static let all = Network.twoArmed.settings { $0.embryonicShare = 100 }

    @Test func servesWithoutAPairWhenNoneIsFree() throws {
      let bench = try WorkerBench(Self.all, pairs: 8..<10)
      let flow = Flow.web.from(40002)
      bench.inject(Flow.web.syn)
      bench.inject(Flow.web.from(40001).syn)
      bench.check(
        flow.syn, gives: [.out(1, flow.syn.toServer(0))],
        ["session.new": 1, "label.exhausted": 1, "analysed.forwarded": 1])
      // Counted once a session, and not asked for again.
      bench.check(
        flow.synAck(0), on: 1, gives: [.out(0, flow.synAck(0).toClient())],
        ["analysed.forwarded": 1])
      bench.check(flow.ack, gives: [.out(1, flow.ack.toServer(0))], ["analysed.forwarded": 1])
      bench.check(flow.data(), gives: [.out(1, flow.data().toServer(0))], ["analysed.forwarded": 1])
      #expect(bench.sessions.filter { $0.state == .live }.count == 1)
    }

    /// Past the embryonic share a SYN leaves nothing behind. It, the SYN-ACK and the ACK that makes the
    /// session all concern one server.
    @Test func passesSYNsWithoutState() throws {
      let bench = try WorkerBench(pairs: 8..<10)
      bench.inject(Flow.web.syn)
      for port in 41000..<41016 as Range<UInt16> {
        let flow = Flow.web.from(port).with { $0.clientMAC = Hosts.client(UInt8(port & 15)) }
        let before = bench.counters
        let sent = bench.inject(flow.syn)
        #expect(
          bench.changes(since: before) == ["label.embryonic_full": 1, "analysed.forwarded": 1])
        let slot = try #require([0, 1].first { sent == [.out(1, flow.syn.toServer($0))] })
        bench.check(
          flow.synAck(slot), on: 1,
          gives: [.out(0, flow.synAck(slot).toClient(flow.clientMAC))],
          ["analysed.forwarded": 1])
        #expect(bench.sessions.count == 1)
        if port == 41015 {
          // No embryonic pair may be given, so the session goes without one until it is live.
          bench.check(
            flow.ack, gives: [.out(1, flow.ack.toServer(slot))],
            ["session.new": 1, "analysed.forwarded": 1])
          #expect(bench.sessions.count == 2)
          bench.check(
            flow.reply(slot), on: 1,
            gives: [.out(0, flow.reply(slot).toClient(flow.clientMAC))],
            ["analysed.forwarded": 1])
          bench.check(
            flow.data(), gives: [.out(1, flow.data().toServer(slot, label: 19))],
            ["analysed.forwarded": 1])
        }
      }
    }

    /// The ACK of such a SYN is answered for as long as an embryonic session would have lasted.
    @Test func forgetsSYNsWithoutState() throws {
      let bench = try WorkerBench(pairs: 8..<10)
      let flow = Flow.web.from(41000)
      bench.establish(.web, slot: 0)
      bench.inject(Flow.web.from(41001).syn)
      bench.inject(flow.syn)
      bench.advance(by: 301)
      bench.check(flow.ack, gives: [], ["drop.no_session": 1])
    }

    /// The MSS of a SYN without state is lowered too, for its session may get labels.
    @Test func clampsWithoutState() throws {
      let bench = try WorkerBench(pairs: 8..<10)
      bench.inject(Flow.web.syn)
      func syn(_ size: Int) -> PacketBuilder {
        Flow.web.from(41000).c2s(.syn, sequence: 0, options: [2, 4] + big16(UInt16(size)))
      }
      let sent = bench.inject(syn(1460))
      #expect(
        sent == [.out(1, syn(1456).toServer(0))] || sent == [.out(1, syn(1456).toServer(1))])
      let flow = Flow.web.from(41000)
      let synAck = flow.s2c(0, [.syn, .ack], sequence: 0, options: [2, 4] + big16(1460))
      let clamped = flow.s2c(0, [.syn, .ack], sequence: 0, options: [2, 4] + big16(1456))
      bench.check(
        synAck, on: 1, gives: [.out(0, clamped.toClient())], ["analysed.forwarded": 1])
    }

    /// A flood to a service with plain servers takes no more than its share of the session table,
    /// whoever answers.
    @Test func floodLeavesRoomInTheSessionTable() throws {
      let bench = try WorkerBench(sessions: 8)
      for port in 41000..<41016 as Range<UInt16> {
        let flow = Flow.plain.from(port)
        let sent = bench.inject(flow.syn)
        #expect(sent.count == 1)
        let slot = Int(sent[0].bytes[5]) - 0x10
        let answers = bench.inject(flow.synAck(slot), on: 1)
        #expect(answers == [.out(0, flow.synAck(slot).toClient())])
      }
      #expect(bench.sessions.count == 4)
      #expect(bench["session.new"] == 4)
      #expect(bench["session.refused"] == 0)
    }

    /// Sessions that are live or withdrawn are in nobody's way.
    @Test func onlyEmbryonicSessionsCount() throws {
      let bench = try WorkerBench(sessions: 8)
      for port in 41000..<41005 as Range<UInt16> {
        bench.establish(.plain.from(port), slot: 8 + Int(port & 1))
      }
      #expect(bench["session.new"] == 5)
      let withdrawn = try WorkerBench(sessions: 8)
      for port in 41000..<41004 as Range<UInt16> { withdrawn.inject(Flow.web.from(port).syn) }
      for label in [17, 19, 21, 23] as [UInt32] {
        #expect(withdrawn.appliance.withdraw(label: label) == .ordered)
      }
      withdrawn.turn(4)
      withdrawn.inject(Flow.web.syn)
      #expect(withdrawn["session.new"] == 5)
    }

    /// The same where labels are exhausted: their share is not asked then.
    @Test func floodLeavesRoomWhenLabelsAreExhausted() throws {
      let bench = try WorkerBench(sessions: 8, pairs: 8..<9)
      for port in 41000..<41016 as Range<UInt16> {
        let flow = Flow.web.from(port)
        let sent = bench.inject(flow.syn)
        let slot = Int(sent[0].bytes[5]) - 0x10
        bench.inject(flow.synAck(slot), on: 1)
      }
      #expect(bench.sessions.count == 4)
    }

    /// UDP past the share: a session without a pair, which gets one once both directions were seen.
    @Test func givesUDPAPairLater() throws {
      let bench = try WorkerBench(pairs: 8..<10)
      let flow = Flow.dns.from(41000)
      bench.inject(Flow.dns.query())
      bench.check(
        flow.query(), gives: [.out(1, flow.query().toServer(3))],
        ["session.new": 1, "label.embryonic_full": 1, "analysed.forwarded": 1])
      bench.check(
        flow.answer(3), on: 1, gives: [.out(0, flow.answer(3).toClient())],
        ["analysed.forwarded": 1])
      bench.check(
        flow.query(), gives: [.out(1, flow.query().toServer(3, label: 19))],
        ["analysed.forwarded": 1])
      #expect(bench.state(of: 19) == .live)
    }

    @Test func refusesPastTheSessionTable() throws {
      let bench = try WorkerBench(Self.all.with { $0.services[0].refuseWith = .drop }, sessions: 2)
      bench.inject(Flow.web.syn)
      bench.inject(Flow.web.from(41001).syn)
      let before = bench.counters
      #expect(bench.inject(Flow.web.from(41002).syn).isEmpty)
      #expect(
        bench.changes(since: before) == [
          "session.table_full": 1, "session.refused": 1, "drop.refused": 1,
        ])
    }
  }

  /// Next hops that a worker learned are held by sessions, and only by them.
  @Suite struct NextHopTests {
    /// A table with one free place. Finding it again may take as many tries as there are groups of 64.
    private static func bench(pairs: Range<UInt32>) throws -> WorkerBench {
      let bench = try WorkerBench(pairs: pairs)
      let port = Network.twoArmed.contents(number: 0).ports[0]
      for number in 0..<65_534 as Range<UInt64> {
        _ = bench.appliance.workers[0].nextHops.acquire(
          mac: 2 | (number + 1) << 16, port: 9,
          egress: port, now: bench.tick)
      }
      return bench
    }

    private static func starts(_ flow: Flow, _ bench: WorkerBench) -> Bool {
      for _ in 0..<1100 {
        if bench.inject(flow.syn).count == 1 { return true }
        bench.turn(2)
      }
      return false
    }

    @Test func comeBackWithTheSession() throws {
      let bench = try Self.bench(pairs: 8..<72)
      let other = Flow.web.from(40001).with { $0.clientMAC = Hosts.client(2) }
      #expect(Self.starts(.web, bench))
      bench.check(other.syn, gives: [], ["drop.no_next_hop": 1])
      #expect(!Self.starts(other, bench))
      bench.advance(by: 302)
      #expect(bench.sessions.isEmpty)
      #expect(Self.starts(other, bench))
      bench.check(Flow.web.syn, gives: [], ["drop.no_next_hop": 1])
    }

    /// The answer to a SYN that left no state borrows its place for one packet.
    @Test func comeBackAfterAStatelessAnswer() throws {
      let bench = try Self.bench(pairs: 8..<10)
      // A session whose client is behind the gateway takes no place, but the embryonic share.
      bench.publish(.twoArmed.port(0) { $0.gateway = 1 })
      bench.inject(Flow.dns.query())
      bench.publish(.twoArmed)
      let sent = bench.inject(Flow.web.syn)
      let slot = Int(try #require(sent.first).bytes[5]) - 0x10
      for _ in 0..<3 {
        bench.check(
          Flow.web.synAck(slot), on: 1, gives: [.out(0, Flow.web.synAck(slot).toClient())],
          ["analysed.forwarded": 1])
      }
      bench.advance(by: 202)
      let other = Flow.web.from(40001).with { $0.clientMAC = Hosts.client(2) }
      #expect(Self.starts(other, bench))
    }
  }

  /// Sessions that are made anew from packets in mid-stream: protocol section 3.7.
  @Suite struct RebuildTests {
    private static let network = Network.twoArmed.port(0) { $0.gateway = 1 }

    /// A server's packet names its server, and the next client packet goes there.
    @Test func rebuildsFromTheServer() throws {
      let bench = try WorkerBench(Self.network)
      let client = Hosts.gateway(1)
      bench.check(
        Flow.web.reply(1), on: 1, gives: [.out(0, Flow.web.reply(1).toClient(client))],
        ["session.new": 1, "analysed.forwarded": 1])
      #expect(bench.state(of: 17) == .embryonic)
      bench.check(
        Flow.web.data(), gives: [.out(1, Flow.web.data().toServer(1, label: 17))],
        ["analysed.forwarded": 1])
      #expect(bench.state(of: 17) == .live)
    }

    /// Where the port has no gateway, once a packet told where the client is, even if it could not be
    /// served itself.
    @Test func rebuildsFromTheServerWhenTheClientWasHeard() throws {
      let bench = try WorkerBench()
      bench.check(Flow.web.reply(1), on: 1, gives: [], ["drop.no_next_hop": 1])
      bench.check(Flow.web.ack, gives: [], ["drop.no_session": 1])
      bench.check(
        Flow.web.reply(1), on: 1, gives: [.out(0, Flow.web.reply(1).toClient())],
        ["session.new": 1, "analysed.forwarded": 1])
      bench.check(
        Flow.web.ack, gives: [.out(1, Flow.web.ack.toServer(1, label: 17))],
        ["analysed.forwarded": 1])
    }

    /// Also from a labelled packet, whose label is of another time.
    @Test func rebuildsFromALabelledPacket() throws {
      let bench = try WorkerBench(Self.network)
      bench.check(
        Flow.web.reply(1).mpls(24), on: 1,
        gives: [.out(0, Flow.web.reply(1).toClient(Hosts.gateway(1)))],
        ["label.unknown": 1, "session.new": 1, "analysed.forwarded": 1])
      bench.check(
        Flow.dns.answer(3), on: 1, gives: [.out(0, Flow.dns.answer(3).toClient(Hosts.gateway(1)))],
        ["session.new": 1, "analysed.forwarded": 1])
    }

    /// One direction with a RST does not make it live.
    @Test func resetKeepsRebuiltEmbryonic() throws {
      let bench = try WorkerBench(Self.network)
      bench.inject(Flow.web.reply(1), on: 1)
      bench.inject(Flow.web.rst)
      #expect(bench.state(of: 17) == .embryonic)
      bench.inject(Flow.web.data())
      #expect(bench.state(of: 17) == .embryonic)
    }

    /// A server's RST ends what there is no record of; it makes no session.
    @Test func passesResetOn() throws {
      let bench = try WorkerBench(Self.network)
      bench.check(
        Flow.web.rst(0), on: 1, gives: [.out(0, Flow.web.rst(0).toClient(Hosts.gateway(1)))],
        ["analysed.forwarded": 1])
      #expect(bench.sessions.isEmpty)
    }

    /// A full session table stops no session that servers still know.
    @Test func passesOnPastTheSessionTable() throws {
      let bench = try WorkerBench(Self.network.settings { $0.embryonicShare = 100 }, sessions: 1)
      bench.inject(Flow.web.syn)
      let flow = Flow.web.from(41000)
      bench.check(
        flow.reply(1), on: 1, gives: [.out(0, flow.reply(1).toClient(Hosts.gateway(1)))],
        ["analysed.forwarded": 1])
    }

    /// The Maglev table names the same server for a packet in mid-stream as for the SYN, on whatever
    /// appliance.
    @Test func rebuildsByMaglev() throws {
      let first = try WorkerBench()
      let second = try WorkerBench()
      var slots: Set<Int> = []
      for port in 43000..<43020 as Range<UInt16> {
        let flow = Flow.hashed.from(port)
        let sent = first.inject(flow.syn)
        let slot = try #require(sent.first.map { Int($0.bytes[5]) - 0x10 })
        slots.insert(slot)
        let label = UInt32(17 + 2 * (port - 43000))
        second.check(
          flow.data(), gives: [.out(1, flow.data().toServer(slot, label: label))],
          ["session.new": 1, "analysed.forwarded": 1])
        second.check(
          flow.reply(slot), on: 1, gives: [.out(0, flow.reply(slot).toClient())],
          ["analysed.forwarded": 1])
        #expect(second.state(of: label) == .live)
      }
      #expect(slots == [6, 7])
    }

    /// Behind a gateway every client's next hop is the gateway; else it is the first frame's sender.
    @Test func nextHopOfClients() throws {
      let bench = try WorkerBench(Self.network)
      bench.inject(Flow.web.syn)
      bench.check(
        Flow.web.synAck(0), on: 1, gives: [.out(0, Flow.web.synAck(0).toClient(Hosts.gateway(1)))],
        ["analysed.forwarded": 1])
      let direct = try WorkerBench()
      direct.inject(Flow.web.with { $0.clientMAC = Hosts.client(9) }.syn)
      direct.inject(Flow.web.syn)
      direct.check(
        Flow.web.synAck(0), on: 1, gives: [.out(0, Flow.web.synAck(0).toClient(Hosts.client(9)))],
        ["analysed.forwarded": 1])
    }
  }
}
