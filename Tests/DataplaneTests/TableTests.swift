import CDPDKShim
import Snapshots
import TestSupport
import Testing
import Wire

@testable import Dataplane

extension DataplaneTests {
  /// The small tables that a worker keeps beside its sessions.
  @Suite struct TableTests {
    private static func region(_ count: Int) -> UnsafeMutableRawPointer {
      let memory = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 64)
      memory.initializeMemory(as: UInt8.self, repeating: 0, count: count)
      return memory
    }

    /// Every place is given once, and again only when nobody holds it and a grace period that began
    /// after it was let go is over.
    @Test func nextHopsFillAndComeBack() throws {
      let memory = Self.region(NextHopTable.byteCount)
      defer { memory.deallocate() }
      var table = NextHopTable(memory: memory)
      let port = PortRecord()
      func acquire(_ number: Int, now: UInt32) -> UInt32 {
        table.acquire(mac: UInt64(number) << 8 | 2, port: 3, egress: port, now: now)
      }
      var places: [UInt32] = []
      for number in 0..<65_535 { places.append(acquire(number, now: 10)) }
      #expect(Set(places).count == 65_535)
      #expect(places.allSatisfy { $0 < 65_535 })
      #expect(
        places.indices.allSatisfy {
          table.adjacencies[Int(places[$0])].destination == UInt64($0) << 8 | 2
            && table.adjacencies[Int(places[$0])].port == 3
        })
      #expect(acquire(70_000, now: 20) == noIndex)

      // Held twice: the first release is not enough.
      #expect(acquire(500, now: 20) == places[500])
      table.release(places[500], now: 30)
      table.endGrace(startedAt: 31)
      func acquireAnew(_ number: Int, now: UInt32) -> UInt32 {
        for _ in 0..<1024 {
          let place = acquire(number, now: now)
          if place != noIndex { return place }
        }
        return noIndex
      }
      #expect(acquireAnew(70_000, now: 40) == noIndex)
      #expect(table.needsGrace)
      table.release(places[500], now: 50)
      #expect(acquireAnew(70_000, now: 51) == noIndex)
      table.endGrace(startedAt: 50)
      #expect(acquireAnew(70_000, now: 52) == noIndex, "the grace period began too early")
      table.endGrace(startedAt: 51)
      #expect(!table.needsGrace)
      #expect(acquireAnew(70_000, now: 53) == places[500])
      #expect(table.adjacencies[Int(places[500])].destination == 70_000 << 8 | 2)

      // All others are still found, and the old one is not.
      for number in stride(from: 0, to: 65_535, by: 97) where number != 500 {
        #expect(acquire(number, now: 60) == places[number])
        table.release(places[number], now: 60)
      }
      #expect(acquireAnew(500, now: 61) == noIndex)
    }

    /// Places that came back are taken out of the hash whatever lies around them: a thousand hops come
    /// and go through a full table.
    @Test func nextHopsComeAndGo() throws {
      let memory = Self.region(NextHopTable.byteCount)
      defer { memory.deallocate() }
      var table = NextHopTable(memory: memory)
      let port = PortRecord()
      var held: [UInt64: UInt32] = [:]
      var random = SplitMix(state: 7)
      // Numbers in a row would not collide in the hash.
      while held.count < 65_535 {
        let number = random.next() & 0xffff_ffff_ffff
        held[number] = table.acquire(mac: number, port: 0, egress: port, now: 1)
      }
      var numbers = Array(held.keys).sorted()
      for round in 0..<1000 as Range<UInt32> {
        let index = Int(random.next() % 65_535)
        let old = numbers[index]
        table.release(held[old]!, now: round + 2)
        table.endGrace(startedAt: round + 3)
        let new = random.next() & 0xffff_ffff_ffff
        var place = noIndex
        for _ in 0..<1024 where place == noIndex {
          place = table.acquire(mac: new, port: 0, egress: port, now: round + 3)
        }
        #expect(place == held[old])
        held[old] = nil
        held[new] = place
        numbers[index] = new
      }
      #expect(
        held.allSatisfy { number, place in
          table.acquire(mac: number, port: 0, egress: port, now: 5000) == place
        })
    }

    @Test func nextHopsDifferByPort() throws {
      let memory = Self.region(NextHopTable.byteCount)
      defer { memory.deallocate() }
      var table = NextHopTable(memory: memory)
      let first = table.acquire(mac: 2, port: 0, egress: PortRecord(), now: 1)
      let second = table.acquire(mac: 2, port: 1, egress: PortRecord(), now: 1)
      #expect(first != second)
    }

    private static func fragment(_ identification: UInt32, ports: UInt32 = 0) -> ParsedPacket {
      var packet = ParsedPacket()
      packet.family = 4
      packet.source = IPAddress("198.51.100.1")!
      packet.destination = IPAddress("203.0.113.10")!
      packet.fragmentID = identification
      packet.ports = ports
      packet.protocolNumber = 17
      return packet
    }

    @Test func fragmentsAreRememberedForHalfAMinute() throws {
      let memory = Self.region(FragmentTable.byteCount)
      defer { memory.deallocate() }
      let table = FragmentTable(memory: memory)
      table.remember(Self.fragment(1, ports: 0x0035_9c40), now: 100)
      var later = Self.fragment(1)
      #expect(table.complete(&later, now: 100 + 1787))
      #expect(later.ports == 0x0035_9c40)
      // Of IPv6 the protocol is known from the first fragment only.
      var first = Self.fragment(9, ports: 5)
      first.family = 6
      table.remember(first, now: 100)
      var second = Self.fragment(9)
      second.family = 6
      second.protocolNumber = 60
      #expect(table.complete(&second, now: 101))
      #expect(second.protocolNumber == 17)
      // 30 s are 1788.1 ticks.
      #expect(!table.complete(&later, now: 100 + 1788))
      var other = Self.fragment(2)
      #expect(!table.complete(&other, now: 101))
      other = Self.fragment(1)
      other.source = IPAddress("198.51.100.2")!
      #expect(!table.complete(&other, now: 101))
      other = Self.fragment(1)
      other.family = 6
      #expect(!table.complete(&other, now: 101))
      other = Self.fragment(1)
      other.protocolNumber = 6
      #expect(!table.complete(&other, now: 101))
      // The same identification again: the newer datagram counts.
      table.remember(Self.fragment(1, ports: 7), now: 200)
      #expect(table.complete(&later, now: 201))
      #expect(later.ports == 7)
    }

    /// Whatever is remembered, the latest is found; of many, most are.
    @Test func fragmentsGiveWayToNewerOnes() throws {
      let memory = Self.region(FragmentTable.byteCount)
      defer { memory.deallocate() }
      let table = FragmentTable(memory: memory)
      for identification in 0..<20_000 as Range<UInt32> {
        table.remember(Self.fragment(identification, ports: identification), now: identification)
        var packet = Self.fragment(identification)
        #expect(table.complete(&packet, now: identification))
        #expect(packet.ports == identification)
      }
      // The oldest of a set gives way, so of the last thousand in a table of 4096 few are gone.
      let found = (19_000..<20_000 as Range<UInt32>).filter {
        var packet = Self.fragment($0)
        return table.complete(&packet, now: 20_000)
      }
      #expect(found.count > 900)
    }

    @Test func clientHops() throws {
      let memory = Self.region(ClientHopCache.byteCount)
      defer { memory.deallocate() }
      let cache = ClientHopCache(memory: memory)
      let client = IPAddress("198.51.100.1")!
      #expect(cache.find(client) == nil)
      cache.remember(client, mac: 0xffff_ffff_ffff, port: 0)
      #expect(try #require(cache.find(client)) == (0xffff_ffff_ffff, 0))
      cache.remember(client, mac: 0x0102_0304_0502, port: 31)
      #expect(try #require(cache.find(client)) == (0x0102_0304_0502, 31))
      #expect(cache.find(IPAddress("198.51.100.2")!) == nil)
      #expect(cache.find(IPAddress("::")!) == nil)
      // A newer client takes the place of an older one, and is never taken for it.
      var random = SplitMix(state: 3)
      for _ in 0..<20_000 {
        let other = IPAddress(high: random.next(), low: random.next())
        cache.remember(other, mac: other.low & 0xffff_ffff_ffff, port: 5)
        #expect(try #require(cache.find(other)) == (other.low & 0xffff_ffff_ffff, 5))
      }
      #expect(cache.find(client) == nil)
    }
  }

  /// Which worker owns what.
  @Suite struct ScalingTests {
    /// DPDK's own Toeplitz, thousands of tuples, both ways.
    @Test(arguments: [4, 16])
    func hashIsToeplitz(bytes: Int) throws {
      var random = SplitMix(state: UInt64(bytes))
      let memory = UnsafeMutableRawPointer.allocate(
        byteCount: ReceiveSideScaling.tableBytes, alignment: 64)
      defer { memory.deallocate() }
      let scaling = ReceiveSideScaling(memory: memory, entries: 512, workers: 7)
      for _ in 0..<4000 {
        let source = Bytes((0..<bytes).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        let destination = Bytes((0..<bytes).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        let ports = UInt32(truncatingIfNeeded: random.next())
        var words = source.hostWords + destination.hostWords + [ports << 16 | ports >> 16]
        let expected = shim_softrss(&words, UInt32(words.count))
        #expect(expected >> 16 == expected & 0xffff)
        for (from, to, both) in [
          (source, destination, ports), (destination, source, ports << 16 | ports >> 16),
        ] {
          let hash = scaling.hash(source: ip(from), destination: ip(to), ports: both)
          #expect(UInt32(hash) == expected & 0xffff)
          #expect(
            scaling.owner(source: ip(from), destination: ip(to), ports: both)
              == Int(expected % 512) % 7)
        }
      }
    }

    private func ip(_ bytes: Bytes) -> IPAddress {
      bytes.withUnsafeBytes {
        $0.count == 4
          ? IPAddress(ipv4Word: $0.loadUnaligned(as: UInt32.self))
          : IPAddress(
            high: $0.loadUnaligned(as: UInt64.self),
            low: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      }
    }

    /// Live pairs are switched where their packets land; what needs the owner goes there once.
    @Test(arguments: 0..<3, [Flow.web, .web6])
    func switchesWhereItLands(owner: Int, flow: Flow) throws {
      let bench = try WorkerBench(workers: 3)
      let flow = bench.flow(flow, ownedBy: owner)
      let other = bench.flow(flow.from(50000), ownedBy: owner)
      // 64 pairs from pair 8 on, in three parts: they begin at 8, 29 and 50.
      let label = [UInt32(17), 59, 101][owner]
      let sent = bench.inject(flow.syn, worker: owner)
      let slot = try #require(sent.first.map { Int($0.bytes[5]) - 0x10 })
      for lands in 0..<3 {
        let hops: WorkerBench.Counts =
          lands == owner
          ? ["analysed.forwarded": 1] : ["analysed.forwarded": 1, "handover.packets": 1]
        // Embryonic: the pair's owner analyses.
        bench.check(
          flow.syn.mpls(label), worker: lands,
          gives: [.out(1, flow.syn.toServer(slot, label: label))], hops)
        bench.check(
          flow.synAck(slot).mpls(label + 1), on: 1, worker: lands,
          gives: [.out(0, flow.synAck(slot).toClient(label: label + 1))], hops)
      }
      bench.inject(flow.ack, worker: (owner + 1) % 3)
      #expect(bench.state(of: label) == .live)
      for lands in 0..<3 {
        let packet = flow.data().mpls(label)
        bench.check(
          packet, worker: lands, gives: [.out(1, packet.switched(from: 1, to: Hosts.server(slot)))],
          ["label.switched": 1])
        let reply = flow.reply(slot).mpls(label + 1)
        bench.check(
          reply, on: 1, worker: lands,
          gives: [.out(0, reply.switched(from: 0, to: Hosts.client(1)))], ["label.switched": 1])
        // Unlabelled and unknown ones meet the owner.
        var counts: WorkerBench.Counts = ["analysed.forwarded": 1]
        if lands != owner { counts["handover.packets"] = 1 }
        bench.check(
          flow.data(), worker: lands,
          gives: [.out(1, flow.data().toServer(slot, label: label))], counts)
        counts["label.unknown"] = 1
        bench.check(
          flow.data().mpls(2001, ttl: 20), worker: lands,
          gives: [.out(1, flow.data().toServer(slot, label: label, ttl: 19))], counts)
        counts["analysed.forwarded"] = nil
        counts["drop.no_session"] = 1
        bench.check(other.data().mpls(label), worker: lands, gives: [], counts)
      }
    }

    /// A worker without a queue of its own on a port sends through one that has one.
    @Test func sendsThroughAnother() throws {
      let bench = try WorkerBench(workers: 2)
      let flow = bench.flow(.web, ownedBy: 1)
      bench.appliance.workers[1].transmit[1].through = 0
      let sent = bench.inject(flow.syn, worker: 1)
      let slot = try #require(sent.first.map { Int($0.bytes[5]) - 0x10 })
      #expect(sent == [.out(1, flow.syn.toServer(slot, label: 81))])
    }

    /// What a queue takes is counted as sent, what it does not as full.
    @Test func countsWhatIsSent() throws {
      let bench = try WorkerBench()
      for number in 0..<40 as Range<UInt16> {
        let bytes = Flow.web.from(45000 + number).syn.bytes
        bench.appliance.workers[0].burst[Int(number) % 20] = shim_mbuf_from_bytes(
          bench.appliance.pool, bytes, UInt16(bytes.count))
        if number % 20 == 19 {
          bench.appliance.workers[0].counters[Counter.rxPackets.rawValue] += 20
          bench.appliance.workers[0].processBurst(20, port: 0)
        }
      }
      // 32 went when the list was full, the rest with the flush.
      #expect(bench["tx.packets"] == 32)
      bench.appliance.workers[0].flushTransmits()
      #expect(bench["tx.packets"] == 40)
      #expect(bench["tx.full"] == 0)
    }
  }
}
