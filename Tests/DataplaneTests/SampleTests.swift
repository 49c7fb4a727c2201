import Balancing
import Sessions
import Snapshots
import Testing

@testable import Dataplane

extension DataplaneTests {
  /// Sessions whose requests are timed. A tick is 16,777.216 us.
  @Suite struct SampleTests {
    /// Every session is one.
    private static let all = Network.twoArmed.with { network in
      for service in network.services.indices { network.services[service].responseSamples = 100 }
    }

    private func average(_ bench: WorkerBench, _ slot: Int) -> ResponseTimes.Average? {
      bench.appliance.shared.responseTimes.average(server: UInt32(slot), now: bench.tick)
    }

    private func request(_ flow: Flow, _ turn: UInt32) -> PacketBuilder {
      flow.c2s(
        [.ack, .push], sequence: 1 + 100 * turn, acknowledgement: 200 * turn, payload: 100)
    }

    /// Acknowledges all of the request.
    private func response(_ flow: Flow, _ slot: Int, _ turn: UInt32) -> PacketBuilder {
      flow.s2c(slot, [.ack, .push], sequence: 1 + 200 * turn, payload: 200)
        .tcp { $0.acknowledgement = Flow.clientISN &+ 1 &+ 100 &* (turn &+ 1) }
    }

    /// Four exchanges by label are analysed and go on with their labels; with the client's next packet,
    /// which shows that it got the last response, the pair is switched as any other's. Requests are
    /// answered after 2, 4, 6 and 8 ticks.
    @Test func fourExchanges() throws {
      let bench = try WorkerBench(Self.all)
      bench.establish(.web, slot: 0, state: .sampled)
      #expect(bench["session.sampled"] == 1)
      #expect(bench.state(of: 17) == .embryonic && bench.state(of: 18) == .embryonic)
      let counts = bench.appliance.pairCounts
      #expect(counts.live == 1 && counts.embryonic == 0)
      var samples: [Double] = []
      for turn in 0..<4 as Range<UInt32> {
        let ask = request(.web, turn).mpls(17)
        bench.check(
          ask, gives: [.out(1, ask.toServer(0, label: 17))], ["analysed.forwarded": 1])
        bench.advance(by: 2 * (turn + 1))
        let answer = response(.web, 0, turn).mpls(18)
        bench.check(
          answer, on: 1, gives: [.out(0, answer.toClient(label: 18))], ["analysed.forwarded": 1])
        samples.append(Double(2 * (turn + 1)) * 16_777.216)
        let known = try #require(average(bench, 0))
        // Later samples count a little more.
        let mean = samples.reduce(0, +) / Double(samples.count)
        #expect(abs(known.microseconds - mean) < mean * 0.02)
        #expect(abs(known.samples - Double(samples.count)) < 0.1)
      }
      #expect(bench.state(of: 17) == .embryonic)
      // What it has got is not all.
      bench.inject(Flow.web.c2s(.ack, sequence: 401, acknowledgement: 700).mpls(17))
      #expect(bench.state(of: 17) == .embryonic)
      bench.inject(Flow.web.c2s(.ack, sequence: 401, acknowledgement: 800).mpls(17))
      #expect(bench.state(of: 17) == .live && bench.state(of: 18) == .live)
      let ask = request(.web, 4).mpls(17)
      bench.check(
        ask, gives: [.out(1, ask.switched(from: 1, to: Hosts.server(0)))], ["label.switched": 1])
      #expect(bench.sessions.map(\.state) == [.live])
      #expect(bench["session.sampled"] == 1)
    }

    /// Labelled both ways, over IPv6, of plain servers: the first exchange takes 3 ticks,
    /// 3 x 16,777.216 = 50,331.6 us, whole ones.
    @Test(arguments: [(Flow.web, 0, 0), (.web6, 4, 2), (.plain, 8, 4)])
    func oneExchange(flow: Flow, slot: Int, service: Int) throws {
      let bench = try WorkerBench(Self.all.service(service) { $0.clients = .labelled })
      bench.establish(flow, slot: slot, state: .sampled)
      bench.inject(request(flow, 0))
      bench.advance(by: 3)
      #expect(average(bench, slot) == nil)
      bench.inject(response(flow, slot, 0), on: 1)
      #expect(average(bench, slot) == ResponseTimes.Average(microseconds: 50_331, samples: 1))
    }

    /// The ACK that completes the handshake may hold the request.
    @Test func requestWithTheHandshake() throws {
      let bench = try WorkerBench(Self.all)
      bench.inject(Flow.web.syn)
      bench.inject(Flow.web.synAck(0), on: 1)
      bench.inject(request(.web, 0))
      bench.advance(by: 1)
      bench.inject(response(.web, 0, 0), on: 1)
      #expect(average(bench, 0) == ResponseTimes.Average(microseconds: 16_777, samples: 1))
    }

    /// An HTTP/1.0 server answers and closes at once, after the client's half-close.
    @Test func responseThatEndsTheSession() throws {
      let bench = try WorkerBench(Self.all)
      bench.establish(.web, slot: 0, state: .sampled)
      let last = Flow.web.c2s([.ack, .push, .fin], payload: 100)
      bench.inject(last)
      bench.advance(by: 2)
      bench.inject(
        Flow.web.s2c(0, [.ack, .push, .fin], payload: 200)
          .tcp { $0.acknowledgement = Flow.clientISN &+ 102 }, on: 1)
      #expect(average(bench, 0) == ResponseTimes.Average(microseconds: 33_554, samples: 1))
      #expect(bench.sessions.map(\.state) == [.closing])
      #expect(bench.state(of: 17) == .closing)
    }

    /// Karn's ambiguity ends it: no sample, and the pair is switched from the next packet on.
    @Test func aRequestThatIsSentAgain() throws {
      let bench = try WorkerBench(Self.all)
      bench.establish(.web, slot: 0, state: .sampled)
      bench.inject(request(.web, 0).mpls(17))
      bench.advance(by: 12)
      let again = request(.web, 0).mpls(17)
      bench.check(
        again, gives: [.out(1, again.toServer(0, label: 17))], ["analysed.forwarded": 1])
      let answer = response(.web, 0, 0).mpls(18)
      bench.check(
        answer, on: 1, gives: [.out(0, answer.switched(from: 0, to: Hosts.client(1)))],
        ["label.switched": 1])
      #expect(average(bench, 0) == nil)
    }

    /// Think time is the client's: only the time from the second request on counts.
    @Test func thinkTime() throws {
      let bench = try WorkerBench(Self.all)
      bench.establish(.web, slot: 0, state: .sampled)
      bench.inject(request(.web, 0))
      bench.inject(response(.web, 0, 0), on: 1)
      bench.advance(by: 200)
      // A keep-alive: no data, one number back.
      bench.inject(Flow.web.c2s(.ack, sequence: 100, acknowledgement: 200))
      bench.inject(request(.web, 1))
      bench.inject(response(.web, 0, 1), on: 1)
      #expect(average(bench, 0)?.microseconds == 0)
    }

    /// 10 s after its beginning a session is switched, by the next packet; one that waits for its
    /// answer waits on, and the answer counts.
    @Test func isBoundedInTime() throws {
      let bench = try WorkerBench(Self.all)
      bench.establish(.web, slot: 0, state: .sampled)
      let other = Flow.web.from(40001)
      bench.establish(other, slot: 1, state: .sampled)
      bench.inject(request(other, 0))
      bench.advance(by: 597)
      bench.inject(Flow.web.ack)
      #expect(bench.state(of: 17) == .embryonic)
      bench.advance(by: 1)
      bench.inject(Flow.web.ack)
      #expect(bench.state(of: 17) == .live)
      bench.advance(by: 2)
      bench.inject(other.ack)
      #expect(bench.state(of: 19) == .embryonic)
      bench.inject(response(other, 1, 0), on: 1)
      // 600 x 16,777.216 us
      #expect(
        average(bench, 1) == ResponseTimes.Average(microseconds: 10_066_329, samples: 1))
      bench.inject(other.c2s(.ack, sequence: 101, acknowledgement: 200))
      #expect(bench.state(of: 19) == .live)
      #expect(average(bench, 0) == nil)
    }

    /// A download of which the client never has all is switched after as long again.
    @Test func isSwitchedThoughNeverQuiet() throws {
      let bench = try WorkerBench(Self.all)
      bench.establish(.web, slot: 0, state: .sampled)
      bench.inject(request(.web, 0))
      bench.inject(response(.web, 0, 0), on: 1)
      bench.advance(by: 1194)
      bench.inject(Flow.web.c2s(.ack, sequence: 101, acknowledgement: 100))
      #expect(bench.state(of: 17) == .embryonic)
      bench.advance(by: 1)
      bench.inject(Flow.web.c2s(.ack, sequence: 101, acknowledgement: 100))
      #expect(bench.state(of: 17) == .live)
    }

    /// The embryonic timer does not end it, nor does it weigh on the embryonic share.
    @Test func isLiveInAllButSwitching() throws {
      let bench = try WorkerBench(Self.all, pairs: 8..<12)
      bench.establish(.web, slot: 0, state: .sampled)
      bench.establish(.web.from(40001), slot: 1, state: .sampled)
      #expect(bench.appliance.workers[0].embryonicSessions == 0)
      // Two of four pairs may be embryonic.
      for port in 41000..<41002 as Range<UInt16> { bench.inject(Flow.web.from(port).syn) }
      #expect(bench["label.embryonic_full"] == 0)
      #expect(
        bench.appliance.pairs(limit: 9).map(\.state) == [.live, .live, .embryonic, .embryonic])
      #expect(
        bench.appliance.sessions(limit: 9).map(\.record.state)
          == [.live, .live, .embryonic, .embryonic])
      bench.advance(by: 4000)
      #expect(bench.sessions.map(\.state) == [.sampled, .sampled])
      bench.advance(by: 1100)
      #expect(bench.sessions.isEmpty)
    }

    /// A label that another worker gets comes to its owner, which times it and sends it on labelled.
    @Test func labelledAtAnotherWorker() throws {
      let bench = try WorkerBench(Self.all, workers: 2)
      let flow = bench.flow(.web, ownedBy: 1)
      // Worker 1 begins with the second server.
      bench.establish(flow, slot: 1, worker: 0, state: .sampled)
      let label = 2 * bench.sessions[0].pair + 1
      let ask = request(flow, 0).mpls(label)
      bench.check(
        ask, gives: [.out(1, ask.toServer(1, label: label))],
        ["analysed.forwarded": 1, "handover.packets": 1])
      bench.advance(by: 2)
      bench.inject(response(flow, 1, 0).mpls(label + 1), on: 1, worker: 0)
      #expect(average(bench, 1)?.microseconds == 33_554)
    }

    /// That the client is a label endpoint is learnt meanwhile: the words are written anew, and the
    /// session stays as it is.
    @Test func learnsTheClient() throws {
      let bench = try WorkerBench(Self.all)
      bench.establish(.web, slot: 0, state: .sampled)
      bench.inject(request(.web, 0).mpls(0))
      #expect(bench.state(of: 17) == .embryonic)
      let answer = response(.web, 0, 0).mpls(18)
      bench.check(
        answer, on: 1, gives: [.out(0, answer.toClient(label: 18))], ["analysed.forwarded": 1])
    }

    /// RST, withdrawal and a dead server end it as they end a live one.
    @Test func endsAsALiveOne() throws {
      let bench = try WorkerBench(Self.all.service(0) { $0.onDown = .reset })
      bench.establish(.web, slot: 0, state: .sampled)
      bench.inject(Flow.web.rst(0), on: 1)
      #expect(bench.state(of: 17) == .closing)
      let other = Flow.web.from(40001)
      bench.establish(other, slot: 1, state: .sampled)
      #expect(bench.appliance.withdraw(label: 19) == .ordered)
      bench.turn()
      #expect(bench.state(of: 19) == .closing)
      bench.advance(by: 200)
      #expect(bench.sessions.isEmpty)
      bench.establish(.web.from(40002), slot: 0, state: .sampled)
      bench.publish(bench.network.service(0) { $0.servers[0].health = .down })
      bench.turn(4)
      #expect(bench.state(of: 21) == .embryonic)
      let before = bench.counters
      bench.inject(request(.web.from(40002), 0).mpls(21))
      #expect(
        bench.changes(since: before)
          == ["drop.server_down": 1, "answer.packets": 1, "session.ended": 1])
      #expect(bench.sessions.isEmpty)
    }

    /// Of a rebuilt session the beginning is not known, nor whether it was seen in order.
    @Test func rebuiltSessionsAreNone() throws {
      let bench = try WorkerBench(Self.all)
      bench.inject(Flow.hashed.data())
      bench.inject(Flow.hashed.reply(6), on: 1)
      bench.inject(Flow.hashed.reply(7), on: 1)
      #expect(bench.sessions.map(\.state) == [.live])
      #expect(bench["session.sampled"] == 0)
    }

    /// UDP is sampled from the second query on, the first answer counts of every session: 2 ticks,
    /// then 4.
    @Test func datagrams() throws {
      let bench = try WorkerBench(Self.all)
      bench.inject(Flow.dns.query())
      bench.advance(by: 2)
      bench.inject(Flow.dns.answer(2), on: 1)
      #expect(bench["session.sampled"] == 0)
      bench.inject(Flow.dns.query())
      #expect(bench["session.sampled"] == 1)
      bench.advance(by: 4)
      bench.inject(Flow.dns.answer(2).mpls(18), on: 1)
      let known = try #require(average(bench, 2))
      #expect(abs(known.microseconds - 3 * 16_777.216) < 400)
      #expect(abs(known.samples - 2) < 0.05)
      // A second answer to one query: a stream, which is switched.
      bench.inject(Flow.dns.answer(2).mpls(18), on: 1)
      #expect(bench.state(of: 17) == .live)
      #expect(try #require(average(bench, 2)).samples < 2.01)
    }

    /// Percent of the sessions that come to life, and of each server's alike, though servers take turns.
    /// Within four standard deviations of a draw with replacement.
    @Test(arguments: [(1, 1), (1, 2), (10, 1), (50, 1), (100, 1), (0, 1)])
    func theShareHolds(percent: UInt8, workers: Int) throws {
      let network = Network.twoArmed.service(0) {
        $0.servers = Array(repeating: Network.Server(port: 1), count: 10)
        $0.responseSamples = percent
      }
      let bench = try WorkerBench(network, workers: workers, sessions: 1024, pairs: 8..<1008)
      var sampled: [UInt32: Int] = [:]
      var total = 0
      for round in 0..<8 as Range<UInt16> {
        for number in 0..<500 as Range<UInt16> {
          let flow = Flow.web.from(20000 + 500 * round + number)
          let sent = bench.inject(flow.syn)
          let slot = Int(sent[0].bytes[5]) - 0x10
          bench.inject(flow.synAck(slot), on: 1)
          bench.inject(flow.ack)
          total += 1
        }
        for session in bench.sessions where session.state == .sampled {
          sampled[session.server, default: 0] += 1
        }
        bench.advance(by: 5100)
        #expect(bench.sessions.isEmpty)
      }
      let count = sampled.values.reduce(0, +)
      #expect(bench["session.sampled"] == UInt64(count))
      func isNear(_ count: Int, of total: Int) -> Bool {
        let share = Double(percent) / 100
        let deviation = (Double(total) * share * (1 - share)).squareRoot()
        return abs(Double(count) - Double(total) * share) <= 4 * deviation
      }
      #expect(isNear(count, of: total), "\(count) of \(total)")
      for slot in 0..<10 as Range<UInt32> {
        #expect(isNear(sampled[slot] ?? 0, of: total / 10), "\(sampled)")
      }
    }
  }
}
