import CDPDKShim
import Labels
import Sessions
import Testing

@testable import Dataplane

extension DataplaneTests {
  /// What the manager reads of the workers.
  @Suite struct ReadingTests {
    @Test func pairsAndSessions() throws {
      let bench = try WorkerBench(workers: 2)
      let flows = [0, 1].map { bench.flow(.web, ownedBy: $0) }
      var slots: [UInt32] = []
      for (worker, flow) in flows.enumerated() {
        let sent = bench.inject(flow.syn, worker: worker)
        slots.append(UInt32(try #require(sent.first).bytes[5]) - 0x10)
      }
      bench.inject(flows[1].synAck(Int(slots[1])), on: 1, worker: 1)
      bench.inject(flows[1].ack, worker: 1)
      bench.inject(flows[1].rst, worker: 1)
      bench.advance(by: 40)
      let appliance = bench.appliance

      // 64 pairs from pair 8 on, in two parts.
      let pairs = appliance.pairs(limit: 10)
      #expect(pairs.map(\.pair) == [8, 40])
      #expect(pairs.map(\.state) == [.embryonic, .closing])
      #expect(pairs.map(\.worker) == [0, 1])
      #expect(pairs.map(\.serverPort) == [1, 1])
      #expect(pairs.map(\.clientPort) == [0, 0])
      #expect(appliance.pairs(limit: 1).map(\.pair) == [8])
      #expect(appliance.pairs(limit: 0).isEmpty)
      let counts = appliance.pairCounts
      #expect(counts.capacity == 64)
      #expect([counts.free, counts.embryonic, counts.live, counts.closing] == [62, 1, 0, 1])

      let views = appliance.sessions(limit: 10)
      #expect(views.map(\.record.clientPort) == flows.map(\.clientPort))
      #expect(views.map(\.record.server) == slots)
      #expect(views.map(\.record.state) == [.embryonic, .closing])
      #expect(appliance.sessions(limit: 1).count == 1)
      #expect(appliance.sessionCount == 2)
      #expect(slots.allSatisfy { appliance.totalSessions(server: $0) > 0 })
      // One of them is closing.
      #expect(appliance.sessions(service: 0) == 1)
      bench.advance(by: 400)
      #expect(appliance.sessions(service: 0) == 0)
      #expect(appliance.sessions(limit: 10).isEmpty)
      #expect(appliance.pairs(limit: 10).isEmpty)
      #expect(appliance.totalSessions(server: 0) + appliance.totalSessions(server: 1) == 2)
    }

    @Test func countersOfAWorker() throws {
      let bench = try WorkerBench(workers: 2)
      bench.inject(Flow.web.syn.mpls(3), worker: 1)
      func count(_ worker: Int, _ name: String) -> UInt64? {
        bench.appliance.counters(worker: worker).first { $0.name == name }?.value
      }
      #expect(count(0, "drop.label_reserved") == 0)
      #expect(count(1, "drop.label_reserved") == 1)
      #expect(bench["drop.label_reserved"] == 1)
      #expect(bench.appliance.receivedPackets == 1)
      let names = bench.appliance.counters().map(\.name)
      #expect(Set(names).count == names.count)
    }
  }

  /// What only a guard that is switched off lets through.
  @Suite struct TrustTests {
    private static let network = Network.twoArmed.settings { $0.guardPort = true }

    /// Another session's packet under the label of an embryonic pair is analysed by its own key.
    @Test(arguments: [1, 3])
    func anotherPacketUnderAnEmbryonicLabel(workers: Int) throws {
      let bench = try WorkerBench(Self.network, workers: workers)
      let flow = bench.flow(.web, ownedBy: 0)
      let other = bench.flow(flow.from(50000), ownedBy: workers - 1)
      bench.inject(flow.syn)
      let before = bench.counters
      let sent = bench.inject(other.syn.mpls(17))
      #expect(sent.count == 1)
      var counts: WorkerBench.Counts = [
        "label.unknown": 1, "session.new": 1, "analysed.forwarded": 1,
      ]
      if workers > 1 { counts["handover.packets"] = 1 }
      #expect(bench.changes(since: before) == counts)
      #expect(bench.sessions.contains { $0.clientPort == other.clientPort })
    }

    @Test func discardsItWhereUnknownOnesAreDiscarded() throws {
      let bench = try WorkerBench(Self.network.settings { $0.unknownDiscard = true })
      bench.inject(Flow.web.syn)
      bench.check(
        Flow.web.from(40001).ack.mpls(17), gives: [],
        ["label.unknown": 1, "drop.label_unknown": 1])
    }

    /// A pop needs an IP header to write into.
    @Test func popsOnlyWholeHeaders() throws {
      let bench = try WorkerBench(Self.network)
      bench.establish(.web, slot: 0)
      let packet = Flow.web.reply(0).mpls(18)
      bench.check(packet.cut(to: 18 + 19), on: 1, gives: [], ["drop.ip_short": 1])
      bench.check(
        packet, on: 1, WorkerBench.Layout(firstSegment: 18 + 19), gives: [], ["drop.chain": 1])
    }

    /// What is too long is read before it is cut up.
    @Test func readsWhatIsTooLong() throws {
      let bench = try WorkerBench(Self.network.port(1) { $0.mtu = 1000 })
      bench.establish(.web, slot: 0)
      let packet = Flow.web.data(1200).ip { $0.checksum = 1 }.mpls(17)
      bench.check(packet, gives: [], ["drop.ip_checksum": 1])
    }

    /// The ring to the worker that sends is full: the packet was forwarded, and is counted beside.
    @Test func countsWhatNoRingTakes() throws {
      let bench = try WorkerBench(workers: 2)
      let flow = bench.flow(.web, ownedBy: 1)
      bench.appliance.workers[1].transmit[1].through = 0
      let ring = try #require(bench.appliance.shared.rings[2])
      var count = 0
      while shim_ring_send_word(ring, 1) == 0 { count += 1 }
      let before = bench.counters
      bench.process([flow.syn.bytes], worker: 1)
      bench.appliance.workers[1].flushTransmits()
      #expect(
        bench.changes(since: before) == ["session.new": 1, "analysed.forwarded": 1, "tx.full": 1])
      for _ in 0..<count { #expect(shim_ring_receive_word(ring) == 1) }
    }
  }
}
