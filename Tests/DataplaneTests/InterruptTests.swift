import Sessions
import Snapshots
import Testing

@testable import Dataplane

extension DataplaneTests {
  /// What becomes of sessions whose server dies, with `on-down: keep` and `reset`.
  @Suite struct InterruptTests {
    /// The server in slot 0 of service 0, or 2 of service 1 and so on, dies.
    private func fell(_ network: Network, service: Int, _ action: DownAction = .reset) -> Network {
      network.service(service) {
        $0.onDown = action
        $0.servers[0].health = .down
      }
    }

    /// RFC 9293 3.10.7.1: what has an ACK is answered by its acknowledgement number, without one.
    private func reset(_ packet: PacketBuilder, _ flow: Flow) -> WorkerBench.Sent {
      let answer = PacketBuilder().ethernet(from: packet.destination, to: packet.source)
        .ip(from: flow.vip, to: flow.clientAddress)
      return .out(
        0,
        (flow.isIPv4 ? answer.dontFragment() : answer)
          .tcp(from: flow.port, to: flow.clientPort, .rst, sequence: Flow.serverISN &+ 1)
          .tcp { $0.window = 0 })
    }

    private let answered: WorkerBench.Counts = [
      "drop.server_down": 1, "answer.packets": 1, "session.ended": 1,
    ]

    @Test func keepLeavesAllAsItIs() throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      bench.publish(fell(bench.network, service: 0, .keep))
      bench.turn(4)
      let packet = Flow.web.data().mpls(17)
      bench.check(
        packet, gives: [.out(1, packet.switched(from: 1, to: Hosts.server(0)))],
        ["label.switched": 1])
    }

    /// A labelled packet is not switched, but answered, whatever unknown labels get.
    @Test(arguments: [false, true])
    func resetAnswersTheNextLabelledPacket(discardsUnknown: Bool) throws {
      let bench = try WorkerBench(.twoArmed.settings { $0.unknownDiscard = discardsUnknown })
      bench.establish(.web, slot: 0)
      let other = Flow.web.from(40001)
      bench.establish(other, slot: 1)
      bench.publish(fell(bench.network, service: 0))
      bench.turn(4)
      #expect(bench.state(of: 17) == .embryonic)
      #expect(bench.appliance.pairCounts.embryonic == 0)
      bench.check(
        Flow.web.data().mpls(17), gives: [reset(Flow.web.data(), .web)], answered)
      #expect(bench.state(of: 17) == .none)
      // The other server's session is as before.
      let packet = other.data().mpls(19)
      bench.check(
        packet, gives: [.out(1, packet.switched(from: 1, to: Hosts.server(1)))],
        ["label.switched": 1])
    }

    /// Of plain hosts, over both families, as well; and on whatever worker the packet comes in.
    @Test(arguments: [(Flow.plain, 4, 8), (.web6, 2, 4), (.web, 0, 0)])
    func resetAnswersTheNextPlainPacket(flow: Flow, service: Int, slot: Int) throws {
      let bench = try WorkerBench(workers: 2)
      let flow = bench.flow(flow, ownedBy: 0)
      bench.establish(flow, slot: slot)
      bench.publish(fell(bench.network, service: service))
      bench.turn(4)
      let before = bench.counters
      #expect(bench.inject(flow.data(), worker: 1) == [reset(flow.data(), flow)])
      #expect(
        bench.changes(since: before)
          == answered.merging(["handover.packets": 1]) { $1 })
      #expect(bench.sessions.isEmpty)
    }

    @Test func labelledPacketOnAnotherWorker() throws {
      let bench = try WorkerBench(workers: 2)
      let flow = bench.flow(.web, ownedBy: 0)
      bench.establish(flow, slot: 0)
      bench.publish(fell(bench.network, service: 0))
      bench.turn(4)
      #expect(bench.inject(flow.data().mpls(17), worker: 1) == [reset(flow.data(), flow)])
      #expect(bench.sessions.isEmpty)
    }

    /// RFC 792 3/3: the port is unreachable, and the next datagram begins a session elsewhere.
    @Test func datagrams() throws {
      let bench = try WorkerBench()
      bench.converse(.dns, slot: 2)
      bench.publish(fell(bench.network, service: 1))
      bench.turn(4)
      let packet = Flow.dns.query()
      let error = PacketBuilder().ethernet(from: packet.destination, to: packet.source)
        .ip(from: Hosts.vip, to: Hosts.client).dontFragment()
        .icmp(3, 3, payload: packet.ipBytes)
      bench.check(packet, gives: [.out(0, error)], answered)
      bench.check(
        packet, gives: [.out(1, packet.toServer(3, label: 19))],
        ["session.new": 1, "analysed.forwarded": 1])
    }

    /// A client that begins anew is served by another server at once.
    @Test func aSYNBeginsAnew() throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      bench.publish(fell(bench.network, service: 0))
      bench.turn(4)
      bench.check(
        Flow.web.syn, gives: [.out(1, Flow.web.syn.toServer(1, label: 19))],
        ["session.ended": 1, "session.new": 1, "analysed.forwarded": 1])
    }

    /// A client that was not answered tries again: at another server once its own is known to be down,
    /// whatever becomes of established sessions. A SYN on one of these is the server's to judge.
    @Test func aSYNThatWasNotAnsweredGoesElsewhere() throws {
      let bench = try WorkerBench()
      bench.check(
        Flow.web.syn, gives: [.out(1, Flow.web.syn.toServer(0, label: 17))],
        ["session.new": 1, "analysed.forwarded": 1])
      bench.check(
        Flow.web.syn, gives: [.out(1, Flow.web.syn.toServer(0, label: 17))],
        ["analysed.forwarded": 1])
      bench.publish(fell(bench.network, service: 0, .keep))
      bench.turn(4)
      bench.check(
        Flow.web.syn, gives: [.out(1, Flow.web.syn.toServer(1, label: 19))],
        ["session.ended": 1, "session.new": 1, "analysed.forwarded": 1])
      bench.check(
        Flow.web.syn, gives: [.out(1, Flow.web.syn.toServer(1, label: 19))],
        ["analysed.forwarded": 1])
    }

    @Test(arguments: [SessionState.live, .sampled])
    func aSYNOnALiveSessionOfADeadServerStays(_ state: SessionState) throws {
      let bench = try WorkerBench(
        Network.twoArmed.with { $0.services[0].responseSamples = state == .sampled ? 100 : 0 })
      bench.establish(.web, slot: 0, state: state)
      bench.publish(fell(bench.network, service: 0, .keep))
      bench.turn(4)
      bench.check(
        Flow.web.syn, gives: [.out(1, Flow.web.syn.toServer(0, label: 17))],
        ["analysed.forwarded": 1])
    }

    /// What the dead server still says is not sent on, and ends nothing; the client's RST does.
    @Test func whatIsNotAnswered() throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      bench.publish(fell(bench.network, service: 0))
      bench.turn(4)
      bench.check(Flow.web.reply(0).mpls(18), on: 1, gives: [], ["drop.server_down": 1])
      bench.check(Flow.web.fin(0), on: 1, gives: [], ["drop.server_down": 1])
      #expect(bench.sessions.count == 1)
      bench.check(
        Flow.web.rst, gives: [], ["drop.server_down": 1, "session.ended": 1])
    }

    /// Past the limit of answers the session waits for the next packet.
    @Test func answersAreLimited() throws {
      let bench = try WorkerBench(.twoArmed.settings { $0.answersPerSecond = 1 })
      for index in 0..<3 as Range<UInt16> {
        bench.establish(.web.from(41000 + index), slot: Int(index) % 2)
      }
      bench.publish(fell(bench.network, service: 0))
      bench.turn(4)
      #expect(bench.inject(Flow.web.from(41000).data()).count == 1)
      bench.check(Flow.web.from(41002).data(), gives: [], ["drop.server_down": 1])
      bench.advance(by: 60)
      #expect(bench.inject(Flow.web.from(41002).data()).count == 1)
      #expect(bench.sessions.count == 1)
    }

    /// It waits for its client as long as a live session does, and no flap of health revives it.
    @Test func waitsForTheClientAndStaysInterrupted() throws {
      let bench = try WorkerBench()
      bench.establish(.web, slot: 0)
      bench.establish(.web.from(40001), slot: 1)
      bench.establish(.web.from(40002), slot: 0)
      bench.publish(fell(bench.network, service: 0))
      bench.turn(4)
      bench.publish(bench.network.service(0) { $0.servers[0].health = .up })
      bench.advance(by: 4990)
      #expect(bench.inject(Flow.web.data()) == [reset(Flow.web.data(), .web)])
      bench.advance(by: 20)
      #expect(bench.sessions.isEmpty)
      #expect(bench.appliance.sessions(server: 0) == 0)
    }

    @Test func anEmbryonicSessionAndAWithdrawnOne() throws {
      let bench = try WorkerBench()
      bench.inject(Flow.web.syn)
      bench.establish(.web.from(40001), slot: 1)
      bench.establish(.web.from(40002), slot: 0)
      bench.publish(fell(bench.network, service: 0))
      bench.turn(4)
      bench.check(Flow.web.ack, gives: [reset(Flow.web.ack, .web)], answered)
      #expect(bench.appliance.withdraw(label: 21) == .ordered)
      bench.turn()
      #expect(bench.state(of: 21) == .none)
      #expect(bench.sessions.count == 1)
    }
  }
}
