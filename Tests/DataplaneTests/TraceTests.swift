import Testing

@testable import Dataplane

extension DataplaneTests {
  /// A trace shows what a packet met, and changes nothing.
  @Suite struct TraceTests {
    /// The same packets with and without a trace: the same frames and the same counters.
    @Test func changesNothing() throws {
      let plain = try WorkerBench()
      let traced = try WorkerBench()
      let trace = try traced.appliance.startTrace(filter: "", count: 20)
      traced.turn()
      #expect(trace.isActive)
      let packets: [(PacketBuilder, Int)] = [
        (Flow.web.syn, 0), (Flow.web.synAck(0).mpls(18), 1), (Flow.web.ack, 0),
        (Flow.web.data().mpls(17), 0), (Flow.web.reply(0).mpls(18), 1), (Flow.hashed.rst, 0),
        (Flow.web.syn.mpls(3), 0), (Flow.dns.syn, 0), (Flow.web.reply(12), 1),
      ]
      for (packet, port) in packets {
        let sent = plain.inject(packet, on: port)
        #expect(traced.inject(packet, on: port) == sent)
        let seen = try #require(trace.packets.last)
        #expect(seen.before == packet.bytes)
        #expect(seen.length == packet.bytes.count)
        #expect(seen.port == port)
        #expect(seen.after == sent.first?.bytes ?? [])
        #expect(seen.egress == sent.first?.port)
      }
      #expect(plain.changes(since: traced.counters).isEmpty)
      #expect(
        trace.packets.map(\.outcome) == [
          "analysed.forwarded", "analysed.forwarded", "analysed.forwarded", "label.switched",
          "label.switched", "analysed.forwarded", "drop.label_reserved", "drop.not_service",
          "analysed.forwarded",
        ])
      #expect(trace.packets.map(\.label) == [0, 18, 0, 17, 18, 0, 0, 0, 0])
      #expect(
        trace.packets.map(\.hadSession) == [
          false, true, true, true, true, false, false, false, true,
        ])
      #expect(trace.packets[0].session?.clientPort == 40000)
      #expect(trace.packets[3].labelEntry.state == .live)
      #expect(trace.packets[3].session?.pair == 8)
      #expect(trace.packets[5].session == nil)
      #expect(trace.packets.allSatisfy { !$0.isAnswered })
    }

    @Test func showsAnswersAndHandovers() throws {
      let bench = try WorkerBench(.twoArmed.service(0) { $0.servers = [] }, workers: 2)
      let flow = bench.flow(.web, ownedBy: 1)
      let trace = try bench.appliance.startTrace(filter: "tcp", count: 5)
      bench.turn()
      let sent = bench.inject(flow.syn)
      bench.inject(bench.flow(.dns, ownedBy: 0).query())
      let packets = trace.packets.sorted { $0.worker < $1.worker }
      #expect(packets.map(\.worker) == [0, 1])
      #expect(packets.map(\.outcome) == [nil, "drop.refused"])
      #expect(packets.map(\.isAnswered) == [false, true])
      #expect(packets.map(\.isHandedOver) == [false, true])
      #expect(packets[1].after == sent[0].bytes)
      #expect(packets[0].after.isEmpty)
    }

    @Test func stopsWhenItHasEnough() throws {
      let bench = try WorkerBench()
      let trace = try bench.appliance.startTrace(filter: "", count: 2)
      bench.turn()
      for port in 40000..<40003 as Range<UInt16> { bench.inject(Flow.web.from(port).syn) }
      #expect(!trace.isActive)
      #expect(trace.packets.map { $0.session?.clientPort } == [40000, 40001])
    }

    @Test func filtersByWhatLibpcapUnderstands() throws {
      let bench = try WorkerBench()
      let error = #expect(throws: ApplianceError.self) {
        try bench.appliance.startTrace(filter: "no such thing", count: 2)
      }
      #expect(error?.description.contains("pcap-filter") == true)
      bench.establish(.web, slot: 0)
      let trace = try bench.appliance.startTrace(filter: "mpls 17", count: 5)
      bench.turn()
      bench.inject(Flow.web.data())
      bench.inject(Flow.web.data().mpls(17))
      bench.inject(Flow.web.data().mpls(18))
      #expect(trace.packets.map(\.label) == [17])
    }

    /// No more than the first 256 bytes are kept, and a frame too short for its header is shown too.
    @Test func keepsTheBeginning() throws {
      let bench = try WorkerBench()
      let trace = try bench.appliance.startTrace(filter: "", count: 5)
      bench.turn()
      let packet = Flow.dns.query(1000)
      bench.inject(packet)
      bench.inject(packet.cut(to: 13))
      #expect(trace.packets.map(\.length) == [1042, 13])
      #expect(trace.packets[0].before == Bytes(packet.bytes.prefix(256)))
      #expect(trace.packets[1].before == Bytes(packet.bytes.prefix(13)))
      #expect(trace.packets[1].outcome == "drop.frame_short")
    }
  }
}
