import Snapshots
import Testing

@testable import Dataplane

extension DataplaneTests {
  /// Refusals, and answers that the appliance makes: protocol section 3.10.
  @Suite struct RefusalTests {
    private static func refusing(_ service: Int, _ answer: RefusalAnswer) -> Network {
      .twoArmed.servers(of: service) { $0.health = .down }
        .service(service) { $0.refuseWith = answer }
    }

    /// From the address that the packet went to, to its source, where it came from.
    private static func answer(to packet: PacketBuilder, _ flow: Flow) -> PacketBuilder {
      let reply = PacketBuilder().ethernet(from: packet.destination, to: packet.source)
        .ip(from: flow.vip, to: flow.clientAddress)
      return flow.isIPv4 ? reply.dontFragment() : reply
    }

    private static let counts: WorkerBench.Counts = [
      "drop.refused": 1, "session.refused": 1, "answer.packets": 1,
    ]

    /// RFC 9293 3.10.7.1: no ACK in the segment, so sequence 0, and all of it is acknowledged.
    @Test(arguments: [(Flow.web, 0), (.web6, 2)])
    func answersSYNWithReset(flow: Flow, service: Int) throws {
      let bench = try WorkerBench(Self.refusing(service, .reset))
      let syn = flow.c2s(.syn, sequence: 0, options: [2, 4, 5, 180], payload: 10)
      let reset = Self.answer(to: syn, flow)
        .tcp(
          from: flow.port, to: flow.clientPort, [.rst, .ack], sequence: 0,
          acknowledgement: Flow.clientISN + 1 + 10
        )
        .tcp { $0.window = 0 }
      bench.check(syn, gives: [.out(0, reset)], Self.counts)
      // The same of a labelled one, and without what the link padded.
      bench.check(
        syn.mpls(flow.isIPv4 ? 0 : 2).padded(9), gives: [.out(0, reset)], Self.counts)
    }

    /// A segment with ACK, which finds no room for the session that it would rebuild.
    @Test func answersACKWithReset() throws {
      let bench = try WorkerBench(
        .twoArmed.settings { $0.embryonicShare = 100 }, sessions: 1)
      bench.inject(Flow.web.syn)
      let packet = Flow.hashed.data()
      let reset = Self.answer(to: packet, .hashed)
        .tcp(from: 8080, to: 40000, .rst, sequence: Flow.serverISN &+ 1)
        .tcp { $0.window = 0 }
      bench.check(
        packet, gives: [.out(0, reset)],
        Self.counts.merging(["session.table_full": 1]) { $1 })
    }

    /// RFC 792 3/3 and 3/13, RFC 4443 1/4 and 1/1.
    @Test(arguments: [
      (Flow.dns, 1, RefusalAnswer.reset, UInt8(3), UInt8(3)), (.dns, 1, .icmp, 3, 13),
      (.dns6, 5, .reset, 1, 4), (.dns6, 5, .icmp, 1, 1), (.web, 0, .icmp, 3, 13),
      (.web6, 2, .icmp, 1, 1),
    ])
    func answersWithICMP(
      flow: Flow, service: Int, answer: RefusalAnswer, type: UInt8, code: UInt8
    ) throws {
      let bench = try WorkerBench(Self.refusing(service, answer))
      let packet = flow.port == 53 ? flow.query() : flow.syn
      let error = Self.answer(to: packet, flow).icmp(type, code, payload: packet.ipBytes)
      bench.check(packet.padded(3), gives: [.out(0, error)], Self.counts)
    }

    /// An IPv4 error has at most 576 bytes (RFC 1812 4.3.2.3).
    @Test func quotesAsMuchAsFits() throws {
      let bench = try WorkerBench(Self.refusing(1, .icmp))
      let packet = Flow.dns.query(1000)
      let error = Self.answer(to: packet, .dns)
        .icmp(3, 13, payload: Bytes(packet.ipBytes.prefix(548)))
      bench.check(packet, gives: [.out(0, error)], Self.counts)
      // Of a chain what its first buffer has.
      let short = Self.answer(to: packet, .dns)
        .icmp(3, 13, payload: Bytes(packet.ipBytes.prefix(86)))
      bench.check(
        packet, WorkerBench.Layout(firstSegment: 100), gives: [.out(0, short)], Self.counts)
    }

    @Test func answersIntoTheVLAN() throws {
      let bench = try WorkerBench(Self.refusing(0, .icmp).port(0) { $0.vlan = 7 })
      let packet = Flow.web.syn
      let error = Self.answer(to: packet, .web).icmp(3, 13, payload: packet.ipBytes)
      bench.check(packet.vlan(7), gives: [.out(0, error.vlan(7))], Self.counts)
    }

    /// Where there is no room for the error's headers in front of the packet, none is made.
    @Test func needsRoomForTheError() throws {
      let bench = try WorkerBench(Self.refusing(0, .icmp))
      bench.check(
        Flow.web.syn, WorkerBench.Layout(headroom: 31), gives: [],
        ["drop.refused": 1, "session.refused": 1])
      let error = Self.answer(to: Flow.web.syn, .web).icmp(3, 13, payload: Flow.web.syn.ipBytes)
      bench.check(
        Flow.web.syn, WorkerBench.Layout(headroom: 32), gives: [.out(0, error)], Self.counts)
    }

    /// A group is no sender, and is answered nothing.
    @Test func answersNoGroup() throws {
      let bench = try WorkerBench(Self.refusing(0, .reset))
      bench.check(
        Flow.web.syn.ethernet(from: [3, 0, 0, 0, 0, 1], to: Hosts.port(0)), gives: [],
        ["drop.refused": 1, "session.refused": 1])
    }

    /// All answers share one bucket: a second's worth at once, then at the rate.
    @Test func limitsAnswers() throws {
      let bench = try WorkerBench(
        Self.refusing(0, .reset).service(1) {
          $0.servers = []
          $0.refuseWith = .icmp
        }.settings { $0.answersPerSecond = 2 })
      #expect(bench.inject(Flow.web.syn).count == 1)
      #expect(bench.inject(Flow.dns.query()).count == 1)
      bench.check(Flow.web.syn, gives: [], ["drop.refused": 1, "session.refused": 1])
      bench.check(Flow.dns.query(), gives: [], ["drop.refused": 1, "session.refused": 1])
      // Half a second is 29.8 ticks.
      bench.advance(by: 29)
      #expect(bench.inject(Flow.web.syn).isEmpty)
      bench.advance(by: 1)
      #expect(bench.inject(Flow.web.syn).count == 1)
      #expect(bench.inject(Flow.web.syn).isEmpty)
      #expect(bench["answer.packets"] == 3)
    }

    /// Never an answer to a fragment that is not the first, to an ICMP error or to a RST; nothing of
    /// these is refused here, so what would be answered is a packet too big.
    @Test func neverAnswersAnswers() throws {
      let bench = try WorkerBench(
        .twoArmed.port(0) { $0.mtu = 600 }.port(1) { $0.mtu = 600 })
      bench.establish(.web, slot: 0)
      let error = Flow.web.fromClient.ip(from: "192.0.2.77", to: Hosts.vip).dontFragment()
        .icmp(3, 1, payload: Flow.web.reply(0, 700).ipBytes)
      bench.check(error, gives: [], ["drop.oversize": 1])
      bench.check(
        Flow.web.c2s(.rst, payload: 700).dontFragment(), gives: [], ["drop.oversize": 1])
      bench.inject(Flow.dns.query())
      let fragments = Flow.dns.query(2000).dontFragment().ip { $0.identification = 9 }
        .fragments(at: [0, 80])
      bench.check(
        fragments[0], gives: [.out(1, fragments[0].toServer(2, label: 19))],
        ["analysed.forwarded": 1])
      bench.check(fragments[1], gives: [], ["drop.oversize": 1])
    }
  }

  /// Admission, as the data plane asks for it.
  @Suite struct AdmissionTests {
    @Test func maximumOfSessions() throws {
      let bench = try WorkerBench(
        .twoArmed.service(0) {
          $0.maxSessions = 1
          $0.refuseWith = .drop
        })
      bench.inject(Flow.web.syn)
      bench.check(
        Flow.web.from(40001).syn, gives: [], ["drop.refused": 1, "session.refused": 1])
      // Packets of the session that there is are not asked.
      bench.check(
        Flow.web.syn, gives: [.out(1, Flow.web.syn.toServer(0, label: 17))],
        ["analysed.forwarded": 1])
      bench.advance(by: 302)
      #expect(bench.inject(Flow.web.from(40001).syn).count == 1)
      #expect(bench.appliance.refused(service: 0) == 1)
      #expect(
        bench.appliance.totalSessions(server: 0) + bench.appliance.totalSessions(server: 1) == 2)
    }

    @Test func rateOfNewSessions() throws {
      let bench = try WorkerBench(
        .twoArmed.service(0) {
          $0.newSessionsPerSecond = 1
          $0.refuseWith = .drop
        })
      #expect(bench.inject(Flow.web.syn).count == 1)
      bench.check(
        Flow.web.from(40001).syn, gives: [], ["drop.refused": 1, "session.refused": 1])
      // A second is 59.6 ticks.
      bench.advance(by: 59)
      #expect(bench.inject(Flow.web.from(40001).syn).isEmpty)
      bench.advance(by: 1)
      #expect(bench.inject(Flow.web.from(40001).syn).count == 1)
    }

    @Test func maximumOfAServersSessions() throws {
      let bench = try WorkerBench(
        .twoArmed.service(0) {
          $0.servers[0].maxSessions = 1
          $0.refuseWith = .drop
        })
      for (index, slot) in [0, 1, 1, 1].enumerated() {
        let flow = Flow.web.from(UInt16(41000 + index))
        #expect(
          bench.inject(flow.syn)
            == [.out(1, flow.syn.toServer(slot, label: UInt32(17 + 2 * index)))])
      }
    }
  }
}
