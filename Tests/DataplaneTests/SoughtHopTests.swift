import Snapshots
import Testing

@testable import Dataplane

extension DataplaneTests {
  /// The appliance was started again, and knows its servers' Ethernet addresses only one by one.
  @Suite struct SoughtHopTests {
    /// Packets of sessions that it does not know: of TCP amid a connection and at its begin, of UDP.
    private static let packets: [@Sendable (UInt16) -> PacketBuilder] = [
      { Flow.hashed.from($0).data() }, { Flow.hashed.from($0).syn },
      { Flow.dns.from($0).query() },
    ]

    private static let network = Network.twoArmed.service(1) { $0.algorithm = .maglev }

    /// Each packet goes to the server that it would go to if all were known, or is dropped as one
    /// that has no way, and leaves no session behind.
    @Test(arguments: [(0, 3), (1, 3), (2, 1)])
    func noPacketIsLedToAnotherServer(kind: Int, service: Int) throws {
      let whole = try servers(Self.network, kind).chosen
      #expect(Set(whole.map { $0.map { $0 & 1 } }) == [0, 1])
      for lost in 0..<2 {
        let (early, dropped, sessions) = try servers(
          Self.network.service(service) { $0.servers[lost].isResolved = false }, kind)
        let expected = whole.map { $0.map { $0 & 1 } == lost ? nil : $0 }
        #expect(early == expected)
        #expect(dropped == UInt64(expected.count { $0 == nil }))
        #expect(sessions == expected.count { $0 != nil })
      }
    }

    /// A SYN past the embryonic share, which leaves no state, and takes nothing from the rate when it
    /// has no way.
    @Test func nothingIsChargedForWhatHasNoWay() throws {
      let network = Self.network.settings { $0.embryonicShare = 1 }
        .service(3) { $0.newSessionsPerSecond = 2 }.servers(of: 3) { $0.isResolved = false }
      let bench = try WorkerBench(network)
      bench.inject(Flow.web.syn)
      for port in 1...20 as ClosedRange<UInt16> { bench.inject(Flow.hashed.from(port).syn) }
      #expect(bench["drop.no_next_hop"] == 20 && bench["label.embryonic_full"] == 20)
      #expect(bench["session.refused"] == 0)
      bench.publish(network.servers(of: 3) { $0.isResolved = true })
      #expect(
        (21...22 as ClosedRange<UInt16>).allSatisfy { port in
          bench.inject(Flow.hashed.from(port).syn).count == 1
        })
    }

    /// Of algorithms that pass over what has no way: the client asks again, and is told no only once
    /// no server is meant for it.
    @Test(arguments: [Algorithm.rr, .wrr, .lc, .wlc, .rt, .p2c])
    func nobodyIsRefusedMeanwhile(algorithm: Algorithm) throws {
      let network = Network.twoArmed.service(0) { $0.algorithm = algorithm }
      let sought = network.servers(of: 0) { $0.isResolved = false }
      let bench = try WorkerBench(sought)
      #expect(bench.inject(Flow.web.syn).isEmpty)
      #expect(bench["drop.no_next_hop"] == 1 && bench["session.refused"] == 0)
      bench.publish(sought.servers(of: 0) { $0.health = .down })
      bench.inject(Flow.web.syn)
      #expect(bench["drop.no_next_hop"] == 1 && bench["session.refused"] == 1)
      bench.publish(network)
      #expect(bench.inject(Flow.web.syn).count == 1)
      #expect(bench["session.new"] == 1)
    }

    /// Nor while one server is full and another sought, whatever the client's hash.
    @Test(arguments: [Algorithm.rr, .wrr, .lc, .wlc, .rt, .p2c])
    func nobodyIsRefusedWhileOneIsSought(algorithm: Algorithm) throws {
      let network = Network.twoArmed.service(0) {
        $0.algorithm = algorithm
        $0.servers[0].maxSessions = 1
        $0.servers[1].maxSessions = 1
      }
      let bench = try WorkerBench(network.service(0) { $0.servers[1].isResolved = false })
      #expect(bench.inject(Flow.web.syn).count == 1)
      for port in 1...20 as ClosedRange<UInt16> { bench.inject(Flow.web.from(port).syn) }
      #expect(bench["drop.no_next_hop"] == 20 && bench["session.refused"] == 0)
      bench.publish(network)
      #expect(bench.inject(Flow.web.from(1).syn).count == 1)
      bench.inject(Flow.web.from(2).syn)
      #expect(bench["drop.no_next_hop"] == 20 && bench["refused.no_server"] == 1)
    }

    private func servers(
      _ network: Network, _ kind: Int
    ) throws -> (chosen: [Int?], dropped: UInt64, sessions: Int) {
      let bench = try WorkerBench(network)
      let chosen = (1...24 as ClosedRange<UInt16>).map { port in
        bench.inject(Self.packets[kind](port)).first.map { Int($0.bytes[5]) - 0x10 }
      }
      return (chosen, bench["drop.no_next_hop"], bench.sessions.count)
    }
  }
}
