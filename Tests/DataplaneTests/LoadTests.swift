import Labels
import Sessions
import Testing

@testable import Dataplane

extension DataplaneTests {
  /// Which sessions are load of their servers, by the least connections' choice and by the numbers.
  @Suite struct LoadTests {
    private static let network = Network.twoArmed.service(0) { $0.algorithm = .lc }

    /// Of the web service's two servers.
    private func loads(_ bench: WorkerBench) -> [UInt32] {
      #expect(
        bench.appliance.sessions(service: 0)
          == bench.appliance.sessions(server: 0) + bench.appliance.sessions(server: 1))
      return [0, 1].map { bench.appliance.sessions(server: $0) }
    }

    private func close(_ bench: WorkerBench, _ flow: Flow, slot: Int) {
      bench.inject(flow.fin)
      #expect(loads(bench)[slot] == 1, "one way is not the end")
      bench.inject(flow.fin(slot), on: 1)
    }

    /// The server that is left by its sessions gets the next ones, though their records are kept for
    /// `tcp-closing`.
    @Test func leastConnectionsDoesNotSeeWhatIsClosing() throws {
      let bench = try WorkerBench(Self.network)
      let flows = (0..<6).map { Flow.web.from(UInt16(41000 + $0)) }
      bench.establish(flows[0], slot: 0)
      bench.establish(flows[1], slot: 1)
      close(bench, flows[1], slot: 1)
      #expect(loads(bench) == [1, 0])
      for flow in flows[2...4] {
        bench.establish(flow, slot: 1)
        #expect(loads(bench) == [1, 1])
        close(bench, flow, slot: 1)
        #expect(loads(bench) == [1, 0])
      }
      #expect(bench.sessions.count == 5)
      bench.advance(by: 122)
      #expect(bench.sessions.count == 1)
      #expect(loads(bench) == [1, 0])
      #expect(bench.appliance.isUnused(server: 1))
    }

    /// FINs that come again and packets that are late change nothing.
    @Test func aCloseCountsOnce() throws {
      let bench = try WorkerBench(Self.network)
      bench.establish(.web, slot: 0)
      close(bench, .web, slot: 0)
      for _ in 0..<3 {
        bench.inject(Flow.web.fin)
        bench.inject(Flow.web.fin(0), on: 1)
        bench.inject(Flow.web.rst)
        bench.inject(Flow.web.data())
      }
      #expect(bench.appliance.withdraw(label: 17) == .ordered)
      bench.turn()
      #expect(loads(bench) == [0, 0])
      #expect(!bench.appliance.isUnused(server: 0))
      bench.advance(by: 130)
      #expect(bench.sessions.isEmpty)
      #expect(loads(bench) == [0, 0])
      #expect(bench.appliance.isUnused(server: 0))
      #expect(bench.appliance.totalSessions(server: 0) == 1)
    }

    @Test func aResetIsNoLoadUntilTrafficBothWays() throws {
      let bench = try WorkerBench(Self.network)
      bench.establish(.web, slot: 0)
      bench.inject(Flow.web.rst)
      #expect(loads(bench) == [0, 0])
      bench.inject(Flow.web.data())
      #expect(loads(bench) == [0, 0])
      bench.inject(Flow.web.reply(0), on: 1)
      #expect(loads(bench) == [1, 0])
      // And the choice goes by it.
      bench.establish(.web.from(41000), slot: 1)
      #expect(loads(bench) == [1, 1])
      #expect(bench.appliance.totalSessions(server: 0) == 1)
    }

    /// That labels went both ways is seen when the closing time is over.
    @Test func labelledTrafficAfterAResetCountsAgain() throws {
      let bench = try WorkerBench(Self.network)
      bench.establish(.web, slot: 0)
      bench.inject(Flow.web.rst)
      bench.advance(by: 60)
      bench.inject(Flow.web.data().mpls(17))
      bench.inject(Flow.web.reply(0).mpls(18), on: 1)
      #expect(loads(bench) == [0, 0])
      bench.advance(by: 70)
      #expect(bench.state(of: 17) == .live)
      #expect(loads(bench) == [1, 0])
      bench.advance(by: 5000)
      #expect(loads(bench) == [0, 0])
      #expect(bench.appliance.isUnused(server: 0))
    }

    @Test func anEmbryonicSessionIsLoadUntilItEnds() throws {
      let bench = try WorkerBench(Self.network)
      bench.inject(Flow.web.syn)
      bench.inject(Flow.web.rst(0), on: 1)
      #expect(loads(bench) == [1, 0])
      bench.advance(by: 130)
      #expect(bench.sessions.isEmpty)
      #expect(loads(bench) == [0, 0])
    }

    @Test func aWithdrawnSessionIsNoLoad() throws {
      let bench = try WorkerBench(Self.network)
      bench.establish(.web, slot: 0)
      #expect(bench.appliance.withdraw(label: 17) == .ordered)
      bench.turn()
      #expect(loads(bench) == [0, 0])
      bench.inject(Flow.web.data())
      bench.inject(Flow.web.reply(0), on: 1)
      #expect(loads(bench) == [0, 0])
      bench.advance(by: 130)
      #expect(bench.sessions.isEmpty)
      #expect(loads(bench) == [0, 0])
    }

    @Test func aSessionOfADeadServerIsNoLoad() throws {
      let network = Self.network.service(0) { $0.onDown = .reset }
      let bench = try WorkerBench(network)
      bench.establish(.web, slot: 0)
      bench.publish(network.service(0) { $0.servers[0].health = .down })
      bench.turn(4)
      #expect(loads(bench) == [0, 0])
      bench.inject(Flow.web.data())
      #expect(bench.sessions.isEmpty)
      #expect(loads(bench) == [0, 0])
      #expect(bench.appliance.isUnused(server: 0))
    }

    /// The SYN ends the closing session and begins another.
    @Test func aSYNOnAClosingSession() throws {
      let bench = try WorkerBench(Self.network)
      bench.establish(.web, slot: 0)
      bench.establish(.web.from(41000), slot: 1)
      close(bench, .web, slot: 0)
      bench.inject(Flow.web.syn)
      #expect(loads(bench) == [1, 1])
      #expect(bench.sessions.count == 2)
      #expect(bench.appliance.totalSessions(server: 0) == 2)
    }

    /// Limits count the same sessions; one that comes back counts, full or not.
    @Test func limitsCountWhatIsNotClosing() throws {
      let bench = try WorkerBench(
        .twoArmed.service(0) {
          $0.maxSessions = 2
          $0.servers[1].maxSessions = 1
          $0.servers[0].weight = 0
        })
      bench.establish(.web, slot: 1)
      let next = Flow.web.from(41000)
      bench.inject(next.syn)
      #expect(bench["refused.no_server"] == 1)
      bench.inject(Flow.web.rst)
      bench.establish(next, slot: 1)
      bench.inject(Flow.web.data())
      bench.inject(Flow.web.reply(1), on: 1)
      #expect(loads(bench) == [0, 2])
      bench.inject(Flow.web.from(41001).syn)
      #expect(bench["refused.sessions_full"] == 1)
      for flow in [next, .web] {
        bench.inject(flow.fin)
        bench.inject(flow.fin(1), on: 1)
      }
      #expect(loads(bench) == [0, 0])
      bench.establish(.web.from(41001), slot: 1)
    }
  }
}
