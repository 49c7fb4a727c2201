import CDPDKShim
import Foundation
import TestSupport
import Testing

@testable import Dataplane

extension DataplaneTests {
  /// What taps copy, and what comes out of the workers' buffers.
  @Suite struct CaptureTests {
    /// A packet that was taken out.
    struct Taken: Equatable {
      var interface: Int
      var isOutbound: Bool
      var length: Int
      var bytes: Bytes
    }

    /// The smallest buffer: 2^18 bytes.
    static let order: UInt32 = 18

    static func options(
      filter: String = "", snapLength: UInt32 = .max
    ) -> PacketCapture.Options {
      var options = PacketCapture.Options(ports: [0, 1])
      options.filter = filter
      options.snapLength = snapLength
      return options
    }

    /// Taps that are called by hand: interface 0 inbound and interface 1 outbound, of worker 0 or of
    /// a worker each.
    static func capture(
      _ options: PacketCapture.Options = options(), workers: Int = 1
    ) throws -> PacketCapture {
      let queues = [false, true].enumerated().map { place, isOutbound in
        PacketCapture.Queue(
          port: 0, queue: 0, isOutbound: isOutbound, interface: place, worker: place % workers)
      }
      return try PacketCapture(options, queues: queues, workers: workers, bufferOrder: Self.order)
    }

    static func all(_ capture: PacketCapture, atMost limit: Int = .max) -> [Taken] {
      var taken: [Taken] = []
      while taken.count < limit,
        capture.takeFirst({ packet, data in
          let bytes = data.withUnsafeBytes { Bytes($0) }
          taken.append(
            Taken(
              interface: packet.interface, isOutbound: packet.isOutbound, length: packet.length,
              bytes: bytes))
          return true
        })
      {}
      return taken
    }

    /// Lets a burst pass a tap; chains of two where `split` says after how many bytes.
    static func pass(
      _ frames: [Bytes], _ capture: PacketCapture, tap: Int = 0, split: Int? = nil,
      bench: WorkerBench
    ) {
      var burst = frames.map { frame -> OpaquePointer? in
        shim_mbuf_chain_from_bytes(
          bench.appliance.pool, frame, UInt16(frame.count),
          UInt16(min(split ?? frame.count, frame.count)))
      }
      shim_tap_burst(capture.everyTap[tap], &burst, UInt16(burst.count))
      shim_mbuf_free_bulk(&burst, UInt32(burst.count))
    }

    static func counts(_ seen: UInt64, filtered: UInt64 = 0, lost: UInt64 = 0)
      -> PacketCapture.Counts
    {
      var counts = PacketCapture.Counts()
      counts.seen = seen
      counts.filtered = filtered
      counts.lost = lost
      return counts
    }

    @Test func copiesWhatPasses() throws {
      let bench = try WorkerBench()
      let capture = try Self.capture()
      let frames = [Flow.web.syn.bytes, Flow.web.data(1000).mpls(17).bytes, [], [1]]
      Self.pass(frames, capture, bench: bench)
      Self.pass([frames[1]], capture, tap: 1, bench: bench)
      let expected =
        frames.map { Taken(interface: 0, isOutbound: false, length: $0.count, bytes: $0) }
        + [Taken(interface: 1, isOutbound: true, length: frames[1].count, bytes: frames[1])]
      #expect(Self.all(capture) == expected)
      #expect(Self.all(capture) == [])
      #expect(capture.counts(interface: 0) == Self.counts(4))
      #expect(capture.counts(interface: 1) == Self.counts(1))
      capture.free()
      #expect(capture.counts == Self.counts(5))
    }

    @Test func aRefusedPacketStaysFirst() throws {
      let bench = try WorkerBench()
      let capture = try Self.capture()
      Self.pass([[1], [2]], capture, bench: bench)
      #expect(!capture.takeFirst { _, _ in false })
      #expect(Self.all(capture).map(\.bytes) == [[1], [2]])
    }

    /// A packet of several buffers is copied whole, wherever they meet.
    @Test(arguments: [1, 13, 14, 33, 34, 35, 41])
    func aChainIsCopiedAndFiltered(split: Int) throws {
      let bench = try WorkerBench()
      let frame = Flow.web.data(300).bytes
      let capture = try Self.capture(Self.options(filter: "tcp dst port 80", snapLength: 200))
      Self.pass([frame, Flow.dns.query().bytes], capture, split: split, bench: bench)
      #expect(
        Self.all(capture) == [
          Taken(
            interface: 0, isOutbound: false, length: frame.count, bytes: Bytes(frame.prefix(200)))
        ])
      #expect(capture.counts == Self.counts(2, filtered: 1))
    }

    /// A packet whose length says more than its buffers hold: no byte beyond them is read.
    @Test func aPacketThatLiesAboutItsLength() throws {
      let bench = try WorkerBench()
      let frame = Flow.web.syn.bytes
      for filter in ["", "tcp", "ether[60] = 0"] {
        let capture = try Self.capture(Self.options(filter: filter))
        for split in [frame.count, 20] {
          let mbuf = shim_mbuf_chain_from_bytes(
            bench.appliance.pool, frame, UInt16(frame.count), UInt16(split))
          let length = try #require(mbuf.map { UnsafeMutableRawPointer($0) }) + 36  // pkt_len
          #expect(length.load(as: UInt32.self) == UInt32(frame.count))
          length.storeBytes(of: 9000, as: UInt32.self)
          var burst: [OpaquePointer?] = [mbuf]
          shim_tap_burst(capture.everyTap[0], &burst, 1)
          shim_mbuf_free_bulk(&burst, 1)
        }
        let expected = Taken(interface: 0, isOutbound: false, length: 9000, bytes: frame)
        #expect(Self.all(capture) == (filter.hasPrefix("ether") ? [] : [expected, expected]))
      }
    }

    @Test func filtersByWhatLibpcapUnderstands() throws {
      let bench = try WorkerBench()
      let error = #expect(throws: ApplianceError.self) {
        try bench.appliance.makeCapture(Self.options(filter: "tcp prot 80"))
      }
      #expect(error?.description.contains("pcap-filter") == true)
      let capture = try Self.capture(Self.options(filter: "mpls 17"))
      Self.pass(
        [
          Flow.web.syn.bytes, Flow.web.data().mpls(17).bytes, Flow.web.data().mpls(18).bytes, [1],
        ], capture, bench: bench)
      #expect(Self.all(capture).map(\.bytes) == [Flow.web.data().mpls(17).bytes])
      #expect(capture.counts == Self.counts(4, filtered: 3))
    }

    /// 64 bytes and a header of 32 take 96 of 262,144: 2,730 of them fit.
    @Test func whatFindsNoRoomIsLost() throws {
      let bench = try WorkerBench()
      let capture = try Self.capture()
      let frame = Bytes(repeating: 7, count: 64)
      for _ in 0..<300 {
        Self.pass([Bytes](repeating: frame, count: 10), capture, bench: bench)
      }
      #expect(capture.counts == Self.counts(3000, lost: 270))
      #expect(Self.all(capture, atMost: 1).count == 1)
      Self.pass([frame, frame], capture, bench: bench)
      #expect(capture.counts == Self.counts(3002, lost: 271))
      let rest = Self.all(capture)
      #expect(rest.count == 2730)
      #expect(rest.allSatisfy { $0.bytes == frame })
    }

    /// Packets of random lengths, emptied now and then, for many rounds of the buffer.
    @Test func comesOutAsItWentIn() throws {
      let bench = try WorkerBench()
      let capture = try Self.capture()
      var random = SplitMix(state: 11)
      var expected: [Bytes] = []
      var passed = 0
      for turn in 0..<1500 {
        let frames = (0..<Int.random(in: 1...32, using: &random)).map { _ in
          (0..<Int.random(in: 0...1900, using: &random)).map {
            UInt8(truncatingIfNeeded: $0 ^ turn)
          }
        }
        let lost = capture.counts.lost
        Self.pass(frames, capture, bench: bench)
        passed += frames.count
        // A burst that was not taken whole: which of it were lost is looked at below.
        if capture.counts.lost == lost {
          expected += frames
        } else {
          let taken = Self.all(capture).map(\.bytes)
          #expect(taken.starts(with: expected))
          var rest = frames[...]
          for bytes in taken.dropFirst(expected.count) {
            let place = rest.firstIndex(of: bytes)
            rest = try rest[#require(place)...].dropFirst()
          }
          #expect(
            UInt64(frames.count - (taken.count - expected.count)) == capture.counts.lost - lost)
          expected = []
        }
        if Int.random(in: 0..<4, using: &random) == 0 {
          #expect(Self.all(capture).map(\.bytes) == expected)
          expected = []
        }
      }
      #expect(capture.counts.seen == UInt64(passed))
      #expect(capture.counts.lost > 0)
    }

    /// One thread's packets, another's reading: whatever was not lost comes out whole and in order.
    @Test func twoThreadsAgree() throws {
      let bench = try WorkerBench()
      let capture = try Self.capture()
      let (bursts, size) = (20_000, 8)
      let ended = DispatchSemaphore(value: 0)
      nonisolated(unsafe) let pool = bench
      Thread.detachNewThread {
        for burst in 0..<bursts {
          let frames = (0..<size).map { place in
            let number = UInt32(burst * size + place)
            return withUnsafeBytes(of: number) { Bytes($0) }
              + Bytes(repeating: UInt8(truncatingIfNeeded: number), count: Int(number % 97))
          }
          Self.pass(frames, capture, bench: pool)
        }
        ended.signal()
      }
      var last: Int64 = -1
      var count: UInt64 = 0
      var isLast = false
      var isSound = true
      while !isLast {
        isLast = ended.wait(timeout: .now()) == .success
        for taken in Self.all(capture) {
          let number = taken.bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
          let rest = taken.bytes.dropFirst(4)
          isSound =
            isSound && Int64(number) > last && rest.count == Int(number % 97)
            && rest.allSatisfy { $0 == UInt8(truncatingIfNeeded: number) }
          last = Int64(number)
          count += 1
        }
      }
      #expect(isSound)
      #expect(capture.counts.seen == UInt64(bursts * size))
      #expect(count == capture.counts.seen - capture.counts.lost)
    }

    /// Packets of several workers come in the order of their time.
    @Test func workersAreMerged() throws {
      let bench = try WorkerBench()
      let capture = try Self.capture(workers: 2)
      for number in 0..<20 as Range<UInt8> {
        Self.pass([[number]], capture, tap: number % 3 == 0 ? 1 : 0, bench: bench)
      }
      #expect(Self.all(capture).map(\.bytes) == (0..<20).map { [$0] })
    }

    @Test func aClosedOneSeesNothing() throws {
      let bench = try WorkerBench()
      let capture = try Self.capture()
      Self.pass([[1]], capture, bench: bench)
      capture.close()
      Self.pass([[2]], capture, bench: bench)
      #expect(Self.all(capture).map(\.bytes) == [[1]])
      #expect(capture.counts == Self.counts(1))
    }

    /// On the queues of real devices: net_null gives as many frames of 64 zeros as are asked for.
    @Test func tapsTheQueuesOfItsPorts() throws {
      let bench = try WorkerBench()
      let zeros = Bytes(repeating: 0, count: 64)
      func turn() {
        _ = bench.appliance.workers[0].poll()
        // A buffer that comes again has what it had before: the SYN below.
        bench.appliance.workers[0].flushTransmits()
        bench.appliance.workers[0].freeDiscards()
      }
      var inbound = PacketCapture.Options(ports: [1])
      inbound.takesOutbound = false
      var outbound = PacketCapture.Options(ports: [1, 0])
      outbound.takesInbound = false
      let first = try bench.appliance.makeCapture(inbound)
      let second = try bench.appliance.makeCapture(outbound)
      turn()
      try bench.appliance.attach(first)
      try bench.appliance.attach(second)
      turn()
      let sent = Flow.web.syn.bytes
      bench.appliance.workers[0].send(
        shim_mbuf_from_bytes(bench.appliance.pool, sent, UInt16(sent.count)), port: 0)
      bench.appliance.workers[0].flushTransmits()
      for capture in [first, second] {
        let token = bench.appliance.detach(capture)
        #expect(bench.appliance.isPast(token: token))
      }
      turn()
      let taken = Self.all(first)
      #expect(taken.count == Appliance.burstSize)
      #expect(
        taken.allSatisfy {
          $0 == Taken(interface: 0, isOutbound: false, length: 64, bytes: zeros)
        })
      #expect(
        Self.all(second) == [
          Taken(interface: 1, isOutbound: true, length: sent.count, bytes: sent)
        ])
      first.free()
      second.free()
      turn()
    }
  }
}
