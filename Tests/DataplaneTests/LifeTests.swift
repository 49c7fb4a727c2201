import Labels
import Sessions
import Testing

@testable import Dataplane

extension DataplaneTests {
  /// End and interruption of sessions, and what brings them back: protocol sections 3.7 and 4.
  @Suite struct ClosingTests {
    @Test func finBothWaysClosesAndStillSwitches() throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      bench.check(
        Flow.web.fin, gives: [.out(1, Flow.web.fin.toServer(0, label: 17))],
        ["analysed.forwarded": 1])
      #expect(bench.state(of: 17) == .live)
      bench.check(
        Flow.web.fin(0), on: 1, gives: [.out(0, Flow.web.fin(0).toClient())],
        ["analysed.forwarded": 1])
      #expect(bench.state(of: 17) == .closing)
      let late = Flow.web.data().mpls(17)
      bench.check(
        late, gives: [.out(1, late.switched(from: 1, to: Hosts.server(0)))],
        ["label.switched": 1])
      bench.advance(by: 119)
      #expect(bench.state(of: 17) == .closing)
      bench.advance(by: 3)
      #expect(bench.state(of: 17) == .none)
      #expect(bench["session.ended"] == 1)
    }

    /// A SYN on a closing session ends that and starts another; on a live one it is the session's.
    @Test func synOnClosingAndOnLive() throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      bench.check(
        Flow.web.syn, gives: [.out(1, Flow.web.syn.toServer(0, label: 17))],
        ["analysed.forwarded": 1])
      #expect(bench.state(of: 17) == .live)
      bench.inject(Flow.web.fin)
      bench.inject(Flow.web.fin(0), on: 1)
      bench.check(
        Flow.web.syn, gives: [.out(1, Flow.web.syn.toServer(1, label: 19))],
        ["session.ended": 1, "session.new": 1, "analysed.forwarded": 1])
      #expect(bench.state(of: 17) == .none)
      #expect(bench.state(of: 19) == .embryonic)
    }

    /// The service of a closing session is gone when its client comes again.
    @Test func synOnClosingWithoutItsService() throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      bench.inject(Flow.web.fin)
      bench.inject(Flow.web.fin(0), on: 1)
      bench.publish(bench.network.service(0) { $0.ports = 90...90 })
      bench.check(Flow.web.syn, gives: [], ["session.ended": 1, "drop.not_service": 1])
    }

    @Test(arguments: [true, false])
    func resetClosesAndTrafficBothWaysReopens(byClient: Bool) throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      if byClient {
        bench.inject(Flow.web.rst)
      } else {
        bench.inject(Flow.web.rst(0), on: 1)
      }
      #expect(bench.state(of: 17) == .closing)
      bench.inject(Flow.web.data())
      #expect(bench.state(of: 17) == .closing)
      bench.inject(Flow.web.reply(0), on: 1)
      #expect(bench.state(of: 17) == .live)
      // Its idle time is a live session's again.
      bench.advance(by: 4900)
      #expect(bench.state(of: 17) == .live)
    }

    /// After a forged RST the peers go on with labels, which nobody analyses: the stamps tell.
    @Test func labelledTrafficBothWaysReopens() throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      bench.inject(Flow.web.rst)
      bench.advance(by: 60)
      bench.inject(Flow.web.data().mpls(17))
      bench.inject(Flow.web.reply(0).mpls(18), on: 1)
      #expect(bench.state(of: 17) == .closing)
      bench.advance(by: 70)
      #expect(bench.state(of: 17) == .live)
      bench.advance(by: 4800)
      #expect(bench.state(of: 17) == .live)
      bench.advance(by: 200)
      #expect(bench.state(of: 17) == .none)
    }

    /// One way alone keeps it open only as long as a closing session is.
    @Test func labelledTrafficOneWayDoesNotReopen() throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      bench.inject(Flow.web.rst(0), on: 1)
      bench.advance(by: 60)
      bench.inject(Flow.web.data().mpls(17))
      bench.advance(by: 100)
      #expect(bench.state(of: 17) == .closing)
      bench.advance(by: 25)
      #expect(bench.state(of: 17) == .none)
    }

    /// Labelled packets from before the RST are no sign of life.
    @Test func labelledTrafficBeforeTheResetDoesNotReopen() throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      bench.inject(Flow.web.data().mpls(17))
      bench.inject(Flow.web.reply(0).mpls(18), on: 1)
      bench.advance(by: 5)
      bench.inject(Flow.web.rst)
      bench.advance(by: 122)
      #expect(bench.state(of: 17) == .none)
    }

    /// A RST on an embryonic session only shortens its time.
    @Test func resetOnEmbryonic() throws {
      let bench = try WorkerBench()
      bench.inject(Flow.web.syn)
      bench.check(
        Flow.web.rst(0), on: 1, gives: [.out(0, Flow.web.rst(0).toClient())],
        ["analysed.forwarded": 1])
      #expect(bench.state(of: 17) == .embryonic)
      bench.advance(by: 119)
      #expect(bench.sessions.count == 1)
      bench.advance(by: 3)
      #expect(bench.sessions.isEmpty)
    }
  }

  /// Idle times and quarantine.
  @Suite struct TimerTests {
    /// Each state's idle time, in ticks after the last packet, never less and at most two more.
    @Test(arguments: [
      ("tcp embryonic", 300, Flow.web, 0, 1), ("tcp live", 5000, .web, 0, 3),
      ("tcp closing", 120, .web, 0, 5), ("udp embryonic", 200, .dns, 2, 1),
      ("udp live", 1800, .dns, 2, 3),
    ])
    func endsIdleSessions(name: String, ticks: Int, flow: Flow, slot: Int, packets: Int) throws {
      let bench = try WorkerBench()
      let tcp = [flow.syn, flow.synAck(slot), flow.ack, flow.fin, flow.fin(slot)]
      let udp = [flow.query(), flow.answer(slot), flow.query()]
      for packet in (slot == 0 ? tcp : udp).prefix(packets) {
        bench.advance(by: 7)
        bench.inject(packet, on: packet.source[4] == 1 ? 1 : 0)
      }
      bench.advance(by: UInt32(ticks))
      #expect(bench.sessions.count == 1)
      bench.advance(by: 2)
      #expect(bench.sessions.isEmpty)
      #expect(bench["session.ended"] == 1)
    }

    /// Also where the later state has the shorter time.
    @Test(arguments: [(Flow.web, 0), (.dns, 2)])
    func endsIdleSessionsOfTheShorterTime(flow: Flow, slot: Int) throws {
      let bench = try WorkerBench(
        .twoArmed.settings {
          $0.tcpEstablished = 50
          $0.udp = 50
        })
      if slot == 0 { bench.establish(flow, slot: slot) } else { bench.converse(flow, slot: slot) }
      bench.advance(by: 50)
      #expect(bench.sessions.count == 1)
      bench.advance(by: 2)
      #expect(bench.sessions.isEmpty)
    }

    /// A packet begins the idle time again, analysed or switched, by whatever worker.
    @Test(arguments: [0, 1])
    func activityOfAnyWorkerCounts(worker: Int) throws {
      let bench = try WorkerBench(workers: 2)
      let flow = bench.flow(.web, ownedBy: 0)
      bench.establish(flow, slot: 0)
      bench.advance(by: 3000)
      let packet = flow.data().mpls(17)
      bench.check(
        packet, worker: worker, gives: [.out(1, packet.switched(from: 1, to: Hosts.server(0)))],
        ["label.switched": 1])
      bench.advance(by: 5000)
      #expect(bench.state(of: 17) == .live)
      bench.advance(by: 2)
      #expect(bench.state(of: 17) == .none)
    }

    /// A pair rests before it is given again, and a new generation begins.
    @Test func quarantine() throws {
      let bench = try WorkerBench(pairs: 8..<9)
      bench.inject(Flow.web.syn)
      bench.advance(by: 302)
      #expect(bench.appliance.pairCounts.quarantined == 1)
      bench.check(
        Flow.web.syn, gives: [.out(1, Flow.web.syn.toServer(1))],
        ["session.new": 1, "label.exhausted": 1, "analysed.forwarded": 1])
      // The words are gone at once: what still carries the label is unknown.
      bench.check(
        Flow.web.from(5).ack.mpls(17), gives: [], ["label.unknown": 1, "drop.no_session": 1])
      bench.advance(by: 57)
      #expect(bench.appliance.pairCounts.quarantined == 1)
      bench.advance(by: 5)
      #expect(bench.appliance.pairCounts.free == 1)
      let other = Flow.web.from(40001)
      bench.check(
        other.syn, gives: [.out(1, other.syn.toServer(0, label: 17))],
        ["session.new": 1, "analysed.forwarded": 1])
      let generation = bench.appliance.workers[0].labels.generation(of: 8)
      #expect(generation == 1)
    }

    /// Free pairs are a FIFO: one that comes back waits behind all others.
    @Test func freePairsTakeTurns() throws {
      let bench = try WorkerBench(pairs: 8..<12)
      bench.inject(Flow.web.syn)
      bench.advance(by: 400)
      for (index, label) in [19, 21].enumerated() as EnumeratedSequence<[UInt32]> {
        let flow = Flow.web.from(UInt16(41000 + index))
        bench.check(
          flow.syn, gives: [.out(1, flow.syn.toServer(index == 0 ? 1 : 0, label: label))],
          ["session.new": 1, "analysed.forwarded": 1])
      }
      #expect(bench.state(of: 17) == .none)
    }
  }

  /// What an operator does to sessions.
  @Suite struct OperatorTests {
    @Test func withdraws() throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      #expect(bench.appliance.withdraw(label: 19) == .notGiven)
      #expect(bench.appliance.withdraw(label: 1_048_575) == .notGiven)
      #expect(bench.appliance.withdraw(label: 18) == .ordered)
      #expect(bench.state(of: 17) == .live)
      bench.turn()
      #expect(bench.state(of: 17) == .closing)
      // Traffic both ways is switched, and does not keep it.
      for _ in 0..<11 {
        let packet = Flow.web.data().mpls(17)
        bench.check(
          packet, gives: [.out(1, packet.switched(from: 1, to: Hosts.server(0)))],
          ["label.switched": 1])
        bench.inject(Flow.web.reply(0), on: 1)
        bench.advance(by: 10)
      }
      bench.advance(by: 12)
      #expect(bench.state(of: 17) == .none)
      #expect(bench.sessions.isEmpty)
    }

    /// A server in maintenance loses its sessions, another one of the service keeps them. A server
    /// that drains keeps them too, but gets no new ones.
    @Test func maintenanceAndDrain() throws {
      let bench = try WorkerBench(sessions: 200)
      let flows = (0..<4).map { Flow.web.from(UInt16(42000 + $0)) }
      for (index, flow) in flows.enumerated() { bench.establish(flow, slot: index % 2) }
      bench.publish(bench.network.service(0) { $0.servers[0].state = .maint })
      bench.turn(4)
      #expect([17, 19, 21, 23].map(bench.state(of:)) == [.closing, .live, .closing, .live])
      bench.advance(by: 122)
      #expect([17, 19, 21, 23].map(bench.state(of:)) == [.none, .live, .none, .live])
      bench.publish(bench.network.service(0) { $0.servers[1].state = .drain })
      bench.turn(4)
      #expect(bench.state(of: 19) == .live)
      let packet = flows[1].data()
      bench.check(
        packet, gives: [.out(1, packet.toServer(1, label: 19))], ["analysed.forwarded": 1])
      bench.check(
        Flow.web.syn.rstAnswer.0, gives: [Flow.web.syn.rstAnswer.1],
        ["drop.refused": 1, "session.refused": 1, "answer.packets": 1])
    }

    /// What a RST began, an operator's wish ends: traffic both ways reopens nothing then.
    @Test func withdrawsAfterAReset() throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      bench.inject(Flow.web.rst)
      #expect(bench.appliance.withdraw(label: 17) == .ordered)
      bench.turn()
      bench.inject(Flow.web.data())
      bench.inject(Flow.web.reply(0), on: 1)
      #expect(bench.state(of: 17) == .closing)
    }

    @Test func withdrawsEmbryonic() throws {
      let bench = try WorkerBench()
      bench.inject(Flow.web.syn)
      #expect(bench.appliance.withdraw(label: 17) == .ordered)
      bench.turn()
      // A closing one would be switched, which its handshake has not earned it.
      #expect(bench.state(of: 17) == .none)
      #expect(bench.sessions.isEmpty)
    }

    /// A server in maintenance gets no session back by going on talking.
    @Test func rebuildsNothingInMaintenance() throws {
      let bench = try WorkerBench(.twoArmed.servers(of: 0) { $0.state = .maint })
      bench.check(Flow.web.reply(0), on: 1, gives: [], ["drop.no_session": 1])
    }
  }
}

extension PacketBuilder {
  /// A client's SYN and the RST that refuses it (RFC 9293 3.10.7.1).
  fileprivate var rstAnswer: (PacketBuilder, WorkerBench.Sent) {
    let answer = PacketBuilder().ethernet(from: destination, to: source)
      .ip(from: Hosts.vip, to: Hosts.client).dontFragment()
      .tcp(
        from: 80, to: 40000, [.rst, .ack], sequence: 0, acknowledgement: Flow.clientISN + 1
      )
      .tcp { $0.window = 0 }
    return (self, .out(0, answer))
  }
}
