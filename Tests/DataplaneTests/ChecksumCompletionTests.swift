import CDPDKShim
import Testing

@testable import Dataplane

extension DataplaneTests {
  /// What kernel devices hand over with partial checksums, completed within a burst.
  @Suite struct ChecksumCompletionTests {
    /// The frame with the sum of the pseudo-header alone, by the definition (RFC 1071 1), in the field.
    private static func partial(_ packet: PacketBuilder, field: Int) -> Bytes {
      var bytes = packet.bytes
      let isUDP = field - 34 == 6
      let length = bytes.count - 34
      let pseudo =
        Bytes(bytes[26..<34]) + [0, isUDP ? 17 : 6, UInt8(length >> 8), UInt8(length & 255)]
      var sum = stride(from: 0, to: pseudo.count, by: 2).reduce(0) {
        $0 + Int(pseudo[$1]) << 8 + Int(pseudo[$1 + 1])
      }
      while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
      bytes[field] = UInt8(sum >> 8)
      bytes[field + 1] = UInt8(sum & 255)
      return bytes
    }

    private func completed(_ frames: [Bytes], firstSegment: UInt16? = nil) throws -> (
      frames: [Bytes], counted: UInt64
    ) {
      let bench = try WorkerBench()
      let worker = bench.appliance.workers
      let before = worker.pointee.counters[Counter.checksumCompleted.rawValue]
      for (place, frame) in frames.enumerated() {
        let length = UInt16(frame.count)
        worker.pointee.burst[place] = shim_mbuf_chain_from_bytes(
          bench.appliance.pool, frame, length, firstSegment ?? length)
      }
      worker.pointee.completeChecksums(frames.count)
      var result: [Bytes] = []
      for place in frames.indices {
        let mbuf = try #require(worker.pointee.burst[place])
        let data = try #require(shim_mbuf_data(mbuf))
        result.append(
          Bytes(UnsafeRawBufferPointer(start: data, count: Int(shim_mbuf_data_length(mbuf)))))
      }
      shim_mbuf_free_bulk(worker.pointee.burst, UInt32(frames.count))
      return (result, worker.pointee.counters[Counter.checksumCompleted.rawValue] - before)
    }

    /// TCP's field lies 16 bytes behind the header's start, UDP's 6.
    @Test func completesThoseThatArePartial() throws {
      let syn = Flow.web.syn
      let query = Flow.dns.query(33)
      let (frames, counted) = try completed([
        Self.partial(syn, field: 50), query.bytes, Self.partial(query, field: 40), syn.bytes,
      ])
      #expect(frames == [syn.bytes, query.bytes, query.bytes, syn.bytes])
      #expect(counted == 2)
    }

    /// The second segment begins at an odd place of the datagram, or at an even one.
    @Test(arguments: [42, 43, 101, 102, 1042] as [UInt16])
    func sumsUpAllSegments(first: UInt16) throws {
      let query = Flow.dns.query(1001)
      let (frames, counted) = try completed([Self.partial(query, field: 40)], firstSegment: first)
      #expect(frames == [Bytes(query.bytes.prefix(Int(first)))])
      #expect(counted == 1)
    }

    /// Those whose packets come from a kernel's receive path, and no others.
    @Test(arguments: [
      ("net_af_packet", "net_af_packet0,iface=eth1", true),
      ("net_af_xdp", "net_af_xdp0,iface=eth1", true),
      ("net_pcap", "net_pcap0,iface=eth1,phy_mac=1", true),
      ("net_pcap", "net_pcap0,rx_iface=a,tx_iface=b", true),
      ("net_pcap", "net_pcap0,rx_pcap=iface=in.pcap,tx_pcap=out.pcap", false),
      ("net_tap", "net_tap0,iface=t0", false), ("net_virtio_user", "net_virtio_user0", false),
      ("net_memif", "net_memif0", false), ("mlx5_pci", "0000:01:00.0", false),
    ])
    func isDoneWhereKernelsLeaveThemPartial(driver: String, arguments: String, isPartial: Bool) {
      #expect(Device.hasPartialChecksums(driver: driver, arguments: arguments) == isPartial)
    }
  }
}
