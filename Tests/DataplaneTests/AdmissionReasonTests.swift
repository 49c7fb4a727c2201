import Balancing
import Snapshots
import Testing

@testable import Dataplane

extension DataplaneTests {
  /// Why sessions are refused: counted, by service too, and told by traces.
  @Suite struct AdmissionReasonTests {
    private func refusals(_ bench: WorkerBench) -> [String: UInt64] {
      bench.counters.filter { $0.key.hasPrefix("refused.") && $0.value > 0 }
    }

    private func check(
      _ bench: WorkerBench, _ packet: PacketBuilder, _ verdict: AdmissionVerdict, _ counter: String
    ) {
      let before = bench[counter]
      #expect(bench.inject(packet).isEmpty)
      #expect(bench[counter] == before + 1)
      #expect(bench.appliance.refused(service: 0, verdict) == bench[counter])
      // Each refusal has one reason.
      #expect(
        bench["session.refused"]
          == refusals(bench).values.reduce(0, +) + bench["session.table_full"])
    }

    @Test func eachReasonIsCounted() throws {
      let silent = Network.twoArmed.service(0) { $0.refuseWith = .drop }
      let bench = try WorkerBench(silent.service(0) { $0.maxSessions = 1 })
      bench.inject(Flow.web.syn)
      check(bench, Flow.web.from(1).syn, .sessionsFull, "refused.sessions_full")
      bench.publish(silent.service(0) { $0.newSessionsPerSecond = 1 })
      bench.inject(Flow.web.from(2).syn)
      check(bench, Flow.web.from(3).syn, .rateExceeded, "refused.rate")
      bench.publish(silent.service(0) { $0.clientRate = 1 })
      bench.inject(Flow.web.from(4).syn)
      check(bench, Flow.web.from(5).syn, .clientRateExceeded, "refused.client_rate")
      bench.publish(silent.servers(of: 0) { $0.weight = 0 })
      check(bench, Flow.web.from(6).syn, .noServer, "refused.no_server")
      bench.publish(
        silent.service(0) { $0.access = [AccessRange(high: 0, low: 0, admits: false)] })
      check(bench, Flow.web.from(7).syn, .denied, "refused.denied")
      // Who has a session is not asked.
      #expect(bench.inject(Flow.web.syn).count == 1)
      #expect(refusals(bench).count == 5)
    }

    /// Each client by its prefix, over all workers; a second is 59.6 ticks.
    @Test func clientsHaveTheirOwnRate() throws {
      let bench = try WorkerBench(
        .twoArmed.service(0) {
          $0.clientRate = 2
          $0.clientPrefix = 120
          $0.refuseWith = .drop
        }, workers: 2)
      func admitted(_ address: String, ports: Range<UInt16>) -> Int {
        ports.count { port in
          let flow = Flow.web.from(port).with { $0.clientAddress = address }
          return !bench.inject(flow.syn, worker: Int(port) % 2).isEmpty
        }
      }
      #expect(admitted("198.51.100.1", ports: 1..<9) == 2)
      #expect(admitted("198.51.100.77", ports: 1..<3) == 0)
      #expect(admitted("198.51.101.1", ports: 1..<9) == 2)
      bench.advance(by: 30)
      #expect(admitted("198.51.100.200", ports: 1..<9) == 1)
      bench.advance(by: 60)
      #expect(admitted("198.51.100.200", ports: 11..<19) == 2)
    }

    /// SYNs that leave no state count as sessions do.
    @Test func statelessSYNsAreChargedToo() throws {
      let bench = try WorkerBench(
        .twoArmed.service(0) {
          $0.clientRate = 3
          $0.refuseWith = .drop
        }.settings { $0.embryonicShare = 1 }, sessions: 100)
      let passed = (0..<10 as Range<UInt16>).count { port in
        !bench.inject(Flow.web.from(100 + port).syn).isEmpty
      }
      #expect(passed == 3)
      #expect(bench.sessions.count == 1)
    }

    /// A denied client does not come in by pretending to have a session.
    @Test func deniedClientsRebuildNothing() throws {
      let bench = try WorkerBench(
        .twoArmed.service(3) { $0.access = [AccessRange(high: 0, low: 0, admits: false)] })
      bench.check(
        Flow.hashed.data(), gives: bench.inject(Flow.hashed.data()),
        ["drop.refused": 1, "session.refused": 1, "answer.packets": 1])
      #expect(bench.sessions.isEmpty)
    }
  }
}
