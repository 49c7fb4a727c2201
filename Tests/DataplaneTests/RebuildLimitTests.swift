import Snapshots
import Testing

@testable import Dataplane

extension DataplaneTests {
  /// Limits of sessions hold for those, too, that the appliance did not see begin.
  @Suite struct RebuildLimitTests {
    private static let ports = 43000..<43050 as Range<UInt16>

    private static func sessions(_ bench: WorkerBench, service: Int) -> Int {
      bench.sessions.count { $0.service == UInt32(service) }
    }

    /// Service 3 is one with maglev, servers 6 and 7.
    @Test(arguments: [0, 2]) func serviceFromTheClient(started: Int) throws {
      let bench = try WorkerBench(
        .twoArmed.service(3) {
          $0.maxSessions = 2
          $0.refuseWith = .drop
        })
      for port in Self.ports.prefix(started) { bench.inject(Flow.hashed.from(port).syn) }
      for port in Self.ports.dropFirst(started) { bench.inject(Flow.hashed.from(port).ack) }
      #expect(Self.sessions(bench, service: 3) == 2)
      #expect(bench["drop.refused"] == 48 && bench["refused.sessions_full"] == 48)
    }

    /// Whom a limit kept out does not come in with the next packet.
    @Test func refusedClientStaysRefused() throws {
      let bench = try WorkerBench(.twoArmed.service(3) { $0.maxSessions = 1 })
      bench.inject(Flow.hashed.syn)
      let refused = Flow.hashed.from(40001)
      for packet in [refused.syn, refused.ack, refused.data()] {
        let before = bench["refused.sessions_full"]
        // The answer goes back where the packet came from.
        #expect(bench.inject(packet).map(\.port) == [0])
        #expect(bench["refused.sessions_full"] == before + 1)
      }
      #expect(bench["answer.packets"] == 3)
      #expect(bench.sessions.count == 1)
    }

    @Test func serverFromTheClient() throws {
      let bench = try WorkerBench(
        .twoArmed.service(3) {
          $0.servers[0].maxSessions = 3
          $0.servers[1].maxSessions = 5
          $0.refuseWith = .drop
        })
      for port in Self.ports { bench.inject(Flow.hashed.from(port).ack) }
      #expect(bench.appliance.totalSessions(server: 6) == 3)
      #expect(bench.appliance.totalSessions(server: 7) == 5)
      #expect(bench["refused.no_server"] == 42)
    }

    /// Handshakes whose SYN left no state, by an algorithm that counts sessions.
    @Test func handshakesWithoutState() throws {
      let bench = try WorkerBench(
        .twoArmed.service(0) {
          $0.algorithm = .wlc
          $0.maxSessions = 10
          $0.servers[0].maxSessions = 4
          $0.servers[1].maxSessions = 4
          $0.refuseWith = .drop
        }, pairs: 8..<16)
      let flows = Self.ports.map { Flow.web.from($0) }
      let servers = flows.map { flow in
        bench.inject(flow.syn).first.map { Int($0.bytes[5]) - 0x10 }
      }
      #expect(bench["label.embryonic_full"] > 40)
      for (flow, slot) in zip(flows, servers) {
        guard let slot else { continue }
        bench.inject(flow.synAck(slot), on: 1)
        bench.inject(flow.ack)
        bench.inject(flow.reply(slot), on: 1)
        bench.inject(flow.data())
      }
      #expect(bench.appliance.totalSessions(server: 0) == 4)
      #expect(bench.appliance.totalSessions(server: 1) == 4)
      #expect(bench.sessions.count == 8)
      #expect(bench["refused.no_server"] > 0)
      // Nor does one more begin.
      let more = Flow.web.from(50000)
      #expect(bench.inject(more.syn).isEmpty)
    }

    /// SYNs past the share, of which Maglev names a full server.
    @Test func synWithoutStateToAFullServer() throws {
      let full = Network.twoArmed.service(0) {
        $0.servers[0].maxSessions = 1
        $0.servers[1].maxSessions = 1
        $0.refuseWith = .drop
      }
      let bench = try WorkerBench(full, pairs: 8..<10)
      bench.inject(Flow.web.syn)
      let sent = Self.ports.compactMap { port in
        bench.inject(Flow.web.from(port).syn).first.map { Int($0.bytes[5]) - 0x10 }
      }
      // Server 0 has its session, so none of these goes there.
      #expect(Set(sent) == [1])
      #expect(bench["refused.no_server"] == UInt64(Self.ports.count - sent.count))
      #expect(sent.count < Self.ports.count)
    }

    /// A server's packet is passed on: its host would wait in vain for an answer. What the client says
    /// to it is refused.
    @Test func fromTheServer() throws {
      let network = Network.twoArmed.port(0) { $0.gateway = 1 }.service(3) { $0.maxSessions = 1 }
      let bench = try WorkerBench(network)
      bench.inject(Flow.hashed.from(40001).reply(6), on: 1)
      #expect(bench.sessions.count == 1)
      bench.check(
        Flow.hashed.reply(6), on: 1,
        gives: [.out(0, Flow.hashed.reply(6).toClient(Hosts.gateway(1)))],
        ["analysed.forwarded": 1])
      #expect(bench.sessions.count == 1)
      let sent = bench.inject(Flow.hashed.ack)
      #expect(bench["refused.sessions_full"] == 1 && bench["answer.packets"] == 1)
      // The client's own RST still finds the server.
      #expect(sent.count == 1 && bench.inject(Flow.hashed.rst).count == 1)
    }
  }
}
