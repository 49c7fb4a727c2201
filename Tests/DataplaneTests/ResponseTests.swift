import Balancing
import Snapshots
import Testing

@testable import Dataplane

extension DataplaneTests {
  /// Response times that the packets show. A tick is 16,777.216 us.
  @Suite struct ResponseTests {
    private func average(_ bench: WorkerBench, _ slot: UInt32) -> ResponseTimes.Average? {
      bench.appliance.shared.networkTimes.average(server: slot, now: bench.tick)
    }

    private func requestAverage(_ bench: WorkerBench, _ slot: UInt32) -> ResponseTimes.Average? {
      bench.appliance.shared.responseTimes.average(server: slot, now: bench.tick)
    }

    /// Labelled, plain, and over IPv6; only the handshake counts, and only once.
    @Test(arguments: [(Flow.web, 0), (.plain, 8), (.web6, 4)])
    func fromSYNToSYNACK(flow: Flow, slot: Int) throws {
      let bench = try WorkerBench()
      bench.inject(flow.syn)
      bench.advance(by: 3)
      #expect(average(bench, UInt32(slot)) == nil)
      bench.inject(flow.synAck(slot), on: 1)
      // 3 x 16,777.216 = 50,331.6, whole microseconds.
      #expect(
        average(bench, UInt32(slot))
          == ResponseTimes.Average(microseconds: 50_331, samples: 1))
      bench.advance(by: 1)
      bench.inject(flow.synAck(slot), on: 1)
      bench.inject(flow.ack)
      bench.inject(flow.reply(slot), on: 1)
      let later = try #require(average(bench, UInt32(slot)))
      #expect(later.samples <= 1)
      #expect(abs(later.microseconds - 50_331) < 100)
    }

    /// The label of an embryonic pair brings the SYN-ACK to its owner, whichever worker it meets.
    @Test func labelledAnswerAtAnotherWorker() throws {
      let bench = try WorkerBench(workers: 2)
      let flow = bench.flow(.web, ownedBy: 1)
      bench.inject(flow.syn, worker: 0)
      bench.advance(by: 2)
      let label = 2 * bench.sessions[0].pair + 2
      let slot = Int(bench.sessions[0].server)
      bench.inject(flow.synAck(slot).mpls(label), on: 1, worker: 0)
      #expect(average(bench, UInt32(slot))?.microseconds == 33_554)
    }

    @Test func fromFirstDatagramToFirstAnswer() throws {
      let bench = try WorkerBench()
      bench.inject(Flow.dns.query())
      bench.advance(by: 1)
      bench.inject(Flow.dns.query())
      bench.advance(by: 1)
      bench.inject(Flow.dns.answer(2), on: 1)
      #expect(
        requestAverage(bench, 2) == ResponseTimes.Average(microseconds: 33_554, samples: 1))
      bench.inject(Flow.dns.answer(2), on: 1)
      #expect(requestAverage(bench, 2)?.samples == 1)
      #expect(average(bench, 2) == nil)
    }

    /// A refusal is no answer, nor is data without a handshake, nor anything in a session of which
    /// the beginning was not seen.
    @Test func whatIsNoSample() throws {
      let bench = try WorkerBench()
      bench.inject(Flow.web.syn)
      bench.advance(by: 1)
      bench.inject(Flow.web.rst(0), on: 1)
      let other = Flow.web.from(40001)
      bench.inject(other.syn)
      bench.advance(by: 1)
      bench.inject(other.reply(1), on: 1)
      // Rebuilt by a client, and by a server.
      bench.inject(Flow.hashed.data())
      bench.advance(by: 1)
      bench.inject(Flow.hashed.reply(6), on: 1)
      bench.inject(Flow.hashed.reply(7), on: 1)
      bench.inject(Flow.dns.query())
      bench.inject(Flow.dns.from(7).answer(3), on: 1)
      for slot in 0..<12 as Range<UInt32> {
        #expect(average(bench, slot) == nil && requestAverage(bench, slot) == nil)
      }
    }
  }
}
