import CDPDKShim
import Snapshots
import Testing
import Wire

@testable import Dataplane

extension DataplaneTests {
  @Suite struct KernelTests {
    @Test(arguments: KernelCase.all)
    func goesWhereItShould(_ one: KernelCase) throws {
      let bench = try WorkerBench(one.network)
      var counts = one.counts
      counts[one.reason.map { "drop.\($0.name)" } ?? "kernel.packets"] = 1
      bench.check(one.packet, on: one.port, gives: [], counts)
      #expect(bench.kernelFrames == (one.frame.map { [.out(one.port, $0)] } ?? []))
    }

    /// Later fragments follow the first, whatever they would be by themselves.
    @Test func fragmentsFollow() throws {
      let bench = try WorkerBench(.twinned)
      let ping = Flow.web.fromClient.icmp(8, 0, payload: filler(2000)).ip { $0.identification = 7 }
      let pieces = ping.fragments(at: [0, 976, 1952])
      #expect(bench.inject(pieces.map(\.bytes)).isEmpty)
      #expect(bench["kernel.packets"] == 3)
      #expect(bench.kernelFrames == pieces.map { .out(0, $0) })

      let query = Flow.dns.with { $0.vip = Own.front }.query(2000).ip { $0.identification = 8 }
      let more = query.fragments(at: [0, 976, 1952])
      bench.inject(more.map(\.bytes))
      #expect(bench.kernelFrames.suffix(3) == more.map { .out(0, $0) }[...])
    }

    /// A second's worth of 100 is 10 at once, then one every 10 ms. A tick is 16.8 ms.
    @Test func eachKindHasItsLimit() throws {
      let bench = try WorkerBench(.twinned.settings { $0.kernelPacketsPerSecond = 100 })
      let ping = Flow.web.fromClient.icmp(8, 0, payload: filler(8))
      let ssh = Flow.web.with {
        $0.vip = Own.front
        $0.port = 22
      }.syn
      let arp = PacketBuilder().ethernet(
        from: Hosts.client(1), to: Bytes(repeating: 255, count: 6)
      ).with {
        $0.ethertype = 0x0806
        $0.payload = filler(46)
      }
      for (kind, packet) in [ping, ssh, arp].enumerated() {
        let before = bench.counters
        bench.inject(Array(repeating: packet.bytes, count: 25))
        #expect(
          bench.changes(since: before) == ["kernel.packets": 10, "drop.kernel_limit": 15],
          "kind \(kind)")
      }
      let before = bench.counters
      bench.inject(
        Array(
          repeating: arp.ethernet(from: Hosts.server(0), to: Bytes(repeating: 255, count: 6)).bytes,
          count: 12), on: 1)
      #expect(
        bench.changes(since: before) == ["kernel.packets": 10, "drop.kernel_limit": 2],
        "the other port's own")
      bench.advance(by: 3)  // 50.3 ms
      let later = bench.counters
      bench.inject(Array(repeating: ping.bytes, count: 8))
      #expect(bench.changes(since: later) == ["kernel.packets": 5, "drop.kernel_limit": 3])
    }

    /// Servers and next hops are known by their addresses and Ethernet addresses together, but for what
    /// no router passes on. Strangers have spent all that they may.
    @Test(arguments: PeerCase.all)
    func peersHaveLimitsOfTheirOwn(_ one: PeerCase) throws {
      let network = Network.twinned.settings { $0.kernelPacketsPerSecond = 100 }.with {
        $0.peers = [
          (PeerCase.server, Hosts.server(0), 0), (PeerCase.server6, Hosts.server(0), 0),
          (PeerCase.far, Hosts.gateway(9), 0), (PeerCase.sought, nil, 0),
        ]
      }
      let bench = try WorkerBench(network)
      for flood in [PeerCase.ping, PeerCase.datagram, PeerCase.arp, PeerCase.solicitation] {
        bench.inject(Array(repeating: flood.bytes, count: 30))
      }
      let before = bench.counters
      bench.inject(Array(repeating: one.packet.bytes, count: 12))
      #expect(
        bench.changes(since: before)
          == (one.isPeers
            ? ["kernel.packets": 10, "drop.kernel_limit": 2] : ["drop.kernel_limit": 12]))
    }

    /// Half of the ring, which holds one packet less than its size, is left to peers.
    @Test func strangersDoNotFillTheRing() throws {
      let bench = try WorkerBench(
        .twinned.with { $0.peers = [(PeerCase.server, Hosts.server(0), 0)] })
      let ring = try #require(bench.appliance.shared.toKernel[0])
      func outcome(_ packet: PacketBuilder) -> [String: UInt64] {
        let before = bench.counters
        bench.process([packet.bytes])
        return bench.changes(since: before)
      }
      let half = (Int(Shared.kernelRingSize) - 1) / 2
      for _ in 1..<half { #expect(shim_ring_send_word(ring, 1) == 0) }
      #expect(outcome(PeerCase.ping) == ["kernel.packets": 1])
      for packet in [PeerCase.ping, PeerCase.datagram, PeerCase.arp] {
        #expect(outcome(packet) == ["drop.kernel_full": 1])
      }
      #expect(outcome(PeerCase.answer) == ["kernel.packets": 1])
      while shim_ring_send_word(ring, 1) == 0 {}
      #expect(outcome(PeerCase.answer) == ["drop.kernel_full": 1])
      for _ in 0..<Shared.kernelRingSize - 1 {
        let word = shim_ring_receive_word(ring)
        guard word != 1 else { continue }
        var packet = OpaquePointer(bitPattern: UInt(word))
        shim_mbuf_free_bulk(&packet, 1)
      }
    }

    /// A client of the port's own network is answered directly, any other through the gateway.
    @Test(arguments: [(Hosts.client, false), ("198.51.101.1", true)])
    func gatewayIsForOthers(client: String, throughGateway: Bool) throws {
      let bench = try WorkerBench(.twinned.port(0) { $0.gateway = 9 })
      let flow = Flow.plain.with { $0.clientAddress = client }
      bench.inject(flow.syn)
      let answer = flow.synAck(8)
      bench.check(
        answer, on: 1,
        gives: [
          .out(
            0,
            answer.ttl(63).ethernet(
              from: Hosts.port(0), to: throughGateway ? Hosts.gateway(9) : Hosts.client(1)))
        ], ["analysed.forwarded": 1])
    }

    /// A burst from each worker may have the kernel answer as much: one turn takes all of it.
    @Test func takesWhatAllWorkersMayHaveCaused() throws {
      let bench = try WorkerBench(.twinned, workers: 2)
      let device = try StandInDevice()
      defer { device.close() }
      let path = try bench.appliance.makeKernelPath([
        KernelPath.Twin(port: 0, descriptor: device.descriptor, vlan: 0)
      ])
      defer { path.freePool() }
      for _ in 0..<70 { device.send(PeerCase.ping.bytes) }
      #expect(path.turn() == 64)
      #expect(path.turn() == 6)
      for count in [32, 32, 6] { #expect(bench.appliance.workers[0].serveKernel() == count) }
      #expect(bench["kernel.sent"] == 70)
      // The device has had the two whole bursts.
      #expect(bench.drain().count == 6)
    }

    @Test func passesFramesBothWays() throws {
      let bench = try WorkerBench(.twinned.port(0) { $0.vlan = 7 })
      let device = try StandInDevice()
      defer { device.close() }
      let path = try bench.appliance.makeKernelPath([
        KernelPath.Twin(port: 0, descriptor: device.descriptor, vlan: 7)
      ])
      defer { path.freePool() }

      let ping = Flow.web.fromClient.icmp(8, 0, payload: filler(3000))
      bench.process([ping.vlan(7).bytes], WorkerBench.Layout(firstSegment: 1800))
      #expect(path.turn() == 1)
      #expect(device.receive() == ping.bytes)
      _ = bench.appliance.workers[0].serveKernel()
      #expect(shim_pool_in_use(bench.appliance.pool) == 0, "the buffers came back")

      for frame in [ping, Flow.web.syn] { device.send(frame.bytes) }
      #expect(path.turn() == 2)
      #expect(bench.appliance.workers[0].serveKernel() == 2)
      #expect(bench.drain() == [.out(0, ping.vlan(7)), .out(0, Flow.web.syn.vlan(7))])
      #expect(bench["kernel.sent"] == 2)
      #expect(path.counts.toKernel == 1 && path.counts.fromKernel == 2 && path.counts.lost == 0)
    }
  }
}
