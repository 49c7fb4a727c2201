import CDPDKShim
import Snapshots
import Testing
import Wire

@testable import Dataplane

/// A check's packets along the path: from the back port's own address, by a port that names the
/// server, as the check device and the server send them.
private struct Probe {
  var slot: Int
  var vip = Hosts.vip
  var port: UInt16 = 80
  var source = Own.back
  var backPort = 1

  static let web = Probe(slot: 0)
  /// Of the service whose servers are no label endpoints.
  static let plain = Probe(slot: 8, port: 81)

  func with(_ change: (inout Probe) -> Void) -> Probe {
    var copy = self
    change(&copy)
    return copy
  }

  /// As the rule says: ports from the highest down.
  var sourcePort: UInt16 { UInt16(65535 - slot) }

  private var fromKernel: PacketBuilder {
    PacketBuilder().ethernet(from: [2, 0, 0, 0, 0, 1], to: [2, 0, 0, 0, 0, 1])
      .ip(from: source, to: vip)
  }

  func ask(_ flags: PacketBuilder.Flags, payload: Int = 0, options: Bytes = []) -> PacketBuilder {
    fromKernel.tcp(
      from: sourcePort, to: port, flags, sequence: 1, options: options, payload: filler(payload))
  }

  var syn: PacketBuilder { ask(.syn) }
  var reset: PacketBuilder { ask([.rst, .ack]) }

  /// From the server, or who says that it is.
  func answer(
    _ flags: PacketBuilder.Flags, label: UInt32? = nil, from server: Int? = nil, payload: Int = 0
  ) -> PacketBuilder {
    let packet = PacketBuilder()
      .ethernet(from: Hosts.server(server ?? slot), to: Hosts.port(backPort))
      .ip(from: vip, to: source)
      .tcp(
        from: port, to: sourcePort, flags, sequence: 7, acknowledgement: 2,
        payload: filler(payload))
    return label.map { packet.mpls($0) } ?? packet
  }

  var synAck: PacketBuilder { answer([.syn, .ack]) }
  func synAck(label: UInt32) -> PacketBuilder { answer([.syn, .ack], label: label) }
}

extension PacketBuilder {
  /// As the check device gets it.
  fileprivate var atCheckDevice: PacketBuilder {
    ethernet(from: [0, 0, 0, 0, 0, 0], to: [2, 0, 0, 0, 0, 1]).unlabelled().untagged()
  }
}

extension WorkerBench {
  /// What the appliance sends on of frames that the check device sent.
  fileprivate func probe(_ packets: PacketBuilder...) -> [Sent] {
    for packet in packets {
      let mbuf = packet.bytes.withUnsafeBytes {
        shim_mbuf_from_frame(appliance.pool, $0.baseAddress, UInt16($0.count), 0)
      }
      shim_mbuf_set_port(mbuf, UInt16(appliance.devices.count))
      shim_ring_put(appliance.shared.fromKernel, mbuf)
    }
    while appliance.workers[0].serveKernel() > 0 {}
    return drain()
  }

  fileprivate func events(_ slot: Int) -> ProbeEvents.Counts {
    appliance.probeEvents.counts(server: UInt32(slot))
  }

  /// Ticks in which every worker serves the kernel.
  fileprivate func pass(_ ticks: UInt32) {
    for _ in 0..<ticks {
      advance(by: 1)
      for index in 0..<workers { _ = appliance.workers[index].serveKernel() }
    }
  }
}

private let both: [Int] = [1, 2]

extension DataplaneTests {
  @Suite struct ProbeTests {
    @Test func portsNameSlots() {
      for slot in [UInt32(0), 1, 511, 65_503] {
        #expect(ProbePort.server(ProbePort.of(server: slot)) == slot)
      }
      #expect(ProbePort.of(server: 0) == 65535)
      #expect(ProbePort.of(server: 65_503) == 32)
    }

    /// A whole check of a label endpoint: each packet out with the odd label, each back popped.
    @Test(arguments: both)
    func labelledCheck(workers: Int) throws {
      let bench = try WorkerBench(.twinned, workers: workers)
      let label = try #require(bench.probe(Probe.web.syn).first?.label)
      #expect(label % 2 == 1)
      #expect(bench.state(of: label) == .embryonic && bench.state(of: label + 1) == .embryonic)
      let before = bench.counters
      #expect(bench.inject(Probe.web.synAck(label: label + 1), on: 1).isEmpty)
      let request = Probe.web.ask([.ack, .push], payload: 40)
      #expect(bench.probe(request) == [.out(1, request.toServer(0, label: label))])
      let page = Probe.web.answer([.ack, .push], label: label + 1, payload: 500)
      bench.inject(page, on: 1)
      // FIN goes without the session label (protocol section 6).
      let fin = Probe.web.answer([.fin, .ack])
      bench.inject(fin, on: 1)
      #expect(
        bench.kernelFrames == [
          .out(2, Probe.web.synAck(label: label + 1).atCheckDevice), .out(2, page.atCheckDevice),
          .out(2, fin.atCheckDevice),
        ])
      #expect(
        bench.probe(Probe.web.reset) == [.out(1, Probe.web.reset.toServer(0, label: label))])
      #expect(bench.state(of: label) == .none && bench.state(of: label + 1) == .none)
      #expect(bench.appliance.pairCounts.quarantined == 1)
      #expect(
        bench.changes(since: before).filter { $0.key != "handover.packets" }
          == ["kernel.packets": 3, "kernel.sent": 2])
      #expect(bench.events(0) == ProbeEvents.Counts(answers: 3, unlabelled: 0, unsent: 0))
      #expect(bench.appliance.sessionCount == 0)
    }

    @Test(arguments: both)
    func plainCheck(workers: Int) throws {
      let bench = try WorkerBench(.twinned, workers: workers)
      #expect(bench.probe(Probe.plain.syn) == [.out(1, Probe.plain.syn.toServer(8))])
      bench.inject(Probe.plain.synAck, on: 1)
      #expect(bench.kernelFrames == [.out(2, Probe.plain.synAck.atCheckDevice)])
      #expect(bench.events(8) == ProbeEvents.Counts(answers: 1, unlabelled: 0, unsent: 0))
      #expect(bench.appliance.pairCounts.embryonic == 0 && bench["session.new"] == 0)
    }

    /// Its pair is no session's to be withdrawn. Once it was given back, a session may have it.
    @Test(arguments: both) func noOperatorWithdrawsIt(workers: Int) throws {
      let bench = try WorkerBench(.twinned, workers: workers)
      let label = try #require(bench.probe(Probe.web.syn).first?.label)
      for one in [label, label + 1] {
        #expect(bench.appliance.withdraw(label: one) == .healthCheck)
      }
      bench.turn()
      bench.inject(Probe.web.synAck(label: label + 1), on: 1)
      #expect(bench.kernelFrames == [.out(2, Probe.web.synAck.atCheckDevice)])
      #expect(bench.probe(Probe.web.reset).count == 1)
      #expect(bench.appliance.withdraw(label: label) == .notGiven)
    }

    @Test func ipv6() throws {
      let probe = Probe(slot: 4, vip: Hosts.vip6, source: "2001:db8:1::fa")
      let bench = try WorkerBench(
        .twinned.port(1) { $0.addresses.append(("2001:db8:1::fa", 64)) })
      let label = try #require(bench.probe(probe.syn).first?.label)
      bench.inject(probe.synAck(label: label + 1), on: 1)
      #expect(bench.kernelFrames == [.out(2, probe.synAck.atCheckDevice)])
      #expect(bench.events(4).unlabelled == 0)
    }

    /// Tags are of the port, and the largest segment leaves room for the label.
    @Test func taggedPort() throws {
      let bench = try WorkerBench(.twinned.port(1) { $0.vlan = 9 })
      let syn = Probe.plain.ask(.syn, options: [2, 4, 5, 180])  // 1460
      let clamped = Probe.plain.ask(.syn, options: [2, 4, 5, 176])  // 1456
      #expect(bench.probe(syn) == [.out(1, clamped.toServer(8).vlan(9))])
      bench.inject(Probe.plain.synAck.vlan(9), on: 1)
      #expect(bench.kernelFrames == [.out(2, Probe.plain.synAck.atCheckDevice)])
    }

    /// Whatever the scheduler thinks of the server, and whatever admission does.
    @Test(arguments: [
      Network.twinned.servers(of: 4) { $0.health = .down },
      .twinned.servers(of: 4) { $0.state = .drain },
      .twinned.servers(of: 4) { $0.state = .maint },
      .twinned.servers(of: 4) { $0.weight = 0 },
      .twinned.service(4) {
        $0.onDown = .reset
        for place in $0.servers.indices { $0.servers[place].health = .down }
      },
      .twinned.service(4) { $0.access = [AccessRange(high: 0, low: 0, admits: false)] },
    ])
    func goesToItsServer(network: Network) throws {
      let bench = try WorkerBench(network)
      for slot in [9, 8, 9] {
        let probe = Probe.plain.with { $0.slot = slot }
        #expect(bench.probe(probe.syn) == [.out(1, probe.syn.toServer(slot))])
        bench.check(probe.synAck, on: 1, gives: [], ["kernel.packets": 1])
      }
    }

    /// What is no check of any server's goes nowhere, and is counted.
    @Test(arguments: [
      Probe.plain.with { $0.slot = 12 },  // no server
      Probe.plain.with { $0.slot = 60_000 },
      Probe.plain.with { $0.vip = "203.0.113.11" },  // not its service's address
      Probe.plain.with { $0.source = Own.front },  // not its port's address
    ])
    fileprivate func hasNoWay(probe: Probe) throws {
      let bench = try WorkerBench(.twinned)
      let before = bench.counters
      #expect(bench.probe(probe.syn).isEmpty)
      let isSlot = probe.slot < 64
      #expect(bench.changes(since: before) == (isSlot ? ["health.unsent": 1] : [:]))
      if isSlot { #expect(bench.events(probe.slot).unsent == 1) }
    }

    @Test func nextHopIsNotKnown() throws {
      let bench = try WorkerBench(.twinned.servers(of: 4) { $0.isResolved = false })
      #expect(bench.probe(Probe.plain.syn).isEmpty)
      #expect(bench.events(8) == ProbeEvents.Counts(answers: 0, unlabelled: 0, unsent: 1))
    }

    /// Neighbour discovery, pings and what else the device's kernel says.
    @Test func otherFramesOfTheDevice() throws {
      let bench = try WorkerBench(.twinned)
      let before = bench.counters
      let other = Flow.web.fromClient.icmp(8, 0)
      #expect(bench.probe(other, Flow.dns.query(), other.with { $0.ethertype = 0x0806 }).isEmpty)
      #expect(bench.changes(since: before) == [:])
    }

    /// A label endpoint whose answer has no label, another, or its own C2S label.
    @Test(arguments: [0, 1, 2, 3])
    func withoutTheLabel(kind: UInt32) throws {
      let bench = try WorkerBench(.twinned)
      let label = try #require(bench.probe(Probe.web.syn).first?.label)
      let answer =
        switch kind {
        case 0: Probe.web.synAck
        case 1: Probe.web.synAck(label: label)
        case 2: Probe.web.synAck(label: label + 3)
        default: Probe.web.synAck.mpls(0)
        }
      bench.inject(answer, on: 1)
      #expect(bench.kernelFrames == [.out(2, answer.atCheckDevice)])
      #expect(bench.events(0) == ProbeEvents.Counts(answers: 1, unlabelled: 1, unsent: 0))
      // A refusal has none, and says nothing of that.
      bench.inject(Probe.web.answer([.rst, .ack]), on: 1)
      #expect(bench.events(0) == ProbeEvents.Counts(answers: 2, unlabelled: 1, unsent: 0))
      #expect(bench.appliance.pairCounts.embryonic == 0)
    }

    /// A codepoint asks for no label; the pair of the check before waits.
    @Test func asksWithoutLabel() throws {
      let bench = try WorkerBench(.twinned)
      let label = try #require(bench.probe(Probe.web.syn).first?.label)
      let plain = Probe.web.syn.ip { $0.serviceByte = 4 }
      #expect(bench.probe(plain) == [.out(1, plain.toServer(0))])
      #expect(bench.state(of: label) == .embryonic)
      #expect(bench.probe(Probe.web.syn).first?.label == label, "one pair a server")
    }

    /// Only the server itself answers, only its own check, and only while that runs.
    @Test func notAnAnswer() throws {
      let bench = try WorkerBench(.twinned)
      bench.check(Probe.plain.synAck, on: 1, gives: [], ["drop.probe": 1])
      _ = bench.probe(Probe.plain.syn)
      bench.check(
        Probe.plain.answer([.syn, .ack], from: 9), on: 1, gives: [], ["drop.not_server": 1])
      bench.check(Probe.plain.synAck, on: 1, gives: [], ["kernel.packets": 1])
      _ = bench.probe(Probe.plain.reset)
      bench.check(Probe.plain.answer([.fin, .ack]), on: 1, gives: [], ["drop.probe": 1])
      // Nobody's check: as before, a service's packet to a client that is not known.
      bench.check(
        Probe.plain.with { $0.slot = 20 }.answer([.syn, .ack], from: 8), on: 1, gives: [],
        ["drop.no_next_hop": 1])
    }

    /// No server gets more to the kernel than its check asks for.
    @Test func answersAreLimited() throws {
      let bench = try WorkerBench(.twinned)
      _ = bench.probe(Probe.plain.syn)
      let before = bench.counters
      let data = Probe.plain.answer([.ack], payload: 10).bytes
      bench.inject(Array(repeating: data, count: 300), on: 1)
      #expect(bench.changes(since: before) == ["kernel.packets": 256, "drop.probe": 44])
    }

    /// An ICMP error about a check's packet, by whichever router, goes to the check.
    @Test func errors() throws {
      let bench = try WorkerBench(.twinned)
      _ = bench.probe(Probe.plain.syn)
      let quoted = Probe.plain.syn.toServer(8).ipBytes
      let error = PacketBuilder()
        .ethernet(from: Hosts.gateway(1), to: Hosts.port(1))
        .ip(from: "192.0.2.99", to: Own.back).icmp(3, 1, payload: quoted)
      bench.check(error, on: 1, gives: [], ["kernel.packets": 1])
      #expect(bench.kernelFrames == [.out(2, error.atCheckDevice)])
    }

    /// A server without the virtual address that forwards sends the check back. The service admits
    /// nobody from there, so no session comes of it; and what its client is told is the check's answer.
    @Test func sentBack() throws {
      let own: UInt64 = 0xffff_c000_02fa  // of the mapped 192.0.2.250
      let one = Network.oneArmed.port(0) { $0.addresses = [(Own.back, 24)] }.service(4) {
        $0.access = [
          AccessRange(high: 0, low: 0, admits: true),
          AccessRange(high: 0, low: own, admits: false),
          AccessRange(high: 0, low: own + 1, admits: true),
        ]
      }
      let bench = try WorkerBench(one)
      let sent = bench.probe(Probe.plain.syn)
      #expect(sent == [.out(0, Probe.plain.syn.toServer(8, on: 0))])
      let back = Probe.plain.syn.toServer(8, ttl: 62).ethernet(
        from: Hosts.server(8), to: Hosts.port(0))
      let told = bench.inject(back)
      #expect(told.count == 1 && bench["drop.refused"] == 1 && bench["answer.packets"] == 1)
      #expect(bench.appliance.sessionCount == 0)
      bench.inject(Probe.plain.with { $0.backPort = 0 }.answer([.rst, .ack]))
      #expect(bench["kernel.packets"] == 1 && bench.kernelFrames.first?.port == 1)
    }

    /// A silent server's pair is taken back when it is idle as long as an embryonic session may be.
    @Test func pairsAreTakenBack() throws {
      let bench = try WorkerBench(.twinned.settings { $0.tcpEmbryonic = 50 })
      let label = try #require(bench.probe(Probe.web.syn).first?.label)
      bench.pass(50)
      #expect(bench.state(of: label) == .embryonic)
      bench.pass(3)
      #expect(bench.state(of: label) == .none && bench.appliance.pairCounts.embryonic == 0)
      bench.check(
        Probe.web.synAck(label: label + 1), on: 1, gives: [], ["label.unknown": 1, "drop.probe": 1])
    }

    /// Past the embryonic share a check goes plain, as a session's SYN does, and an answer without a
    /// label is no fault.
    @Test func shareIsSpent() throws {
      let bench = try WorkerBench(.twinned.settings { $0.embryonicShare = 1 })
      bench.inject(Flow.web.syn)
      #expect(bench.appliance.pairCounts.embryonic == 1)
      #expect(bench.probe(Probe.web.syn) == [.out(1, Probe.web.syn.toServer(0))])
      bench.inject(Probe.web.synAck, on: 1)
      #expect(bench.events(0) == ProbeEvents.Counts(answers: 1, unlabelled: 0, unsent: 0))
    }

    @Test func ringsAreFull() throws {
      let bench = try WorkerBench(.twinned)
      _ = bench.probe(Probe.plain.syn)
      let ring = try #require(bench.appliance.shared.toKernel[0])
      var count = 0
      while shim_ring_send_word(ring, 1) == 0 { count += 1 }
      let before = bench.counters
      bench.process([Probe.plain.synAck.bytes], on: 1)
      #expect(bench.changes(since: before) == ["drop.kernel_full": 1])
      for _ in 0..<count { #expect(shim_ring_receive_word(ring) == 1) }
    }

    @Test func passesFramesBothWays() throws {
      let bench = try WorkerBench(.twinned)
      let device = try StandInDevice()
      defer { device.close() }
      let path = try bench.appliance.makeKernelPath([])
      defer { path.freePool() }
      path.open(checks: device.descriptor)
      device.send(Probe.plain.syn.bytes)
      #expect(path.turn() == 1)
      #expect(bench.appliance.workers[0].serveKernel() == 1)
      #expect(bench.drain() == [.out(1, Probe.plain.syn.toServer(8))])

      bench.process([Probe.plain.synAck.bytes], on: 1)
      #expect(path.turn() == 1)
      #expect(device.receive() == Probe.plain.synAck.atCheckDevice.bytes)
      _ = bench.appliance.workers[0].serveKernel()
    }
  }
}
