import CDPDKShim
import Testing

@testable import Dataplane

extension WorkerBench {
  /// How frames lie in packet buffers.
  struct Layout {
    /// Bytes of the first of two buffers; nil for one buffer.
    var firstSegment: Int?
    /// Free bytes in front of the frame; nil for what a driver leaves.
    var headroom: Int?

    static let plain = Layout()
  }

  /// What packets did to the counters; those that did not change are left out.
  typealias Counts = [String: UInt64]

  /// Takes frames in as a burst of one queue, lets all workers finish, and gives what they sent, in
  /// order of time and then worker.
  @discardableResult
  func inject(
    _ frames: [Bytes], on port: Int = 0, worker: Int = 0, _ layout: Layout = .plain,
    sourceLocation: SourceLocation = #_sourceLocation
  ) -> [Sent] {
    var sent: [Sent] = []
    var start = 0
    // Small bursts, so that send lists never reach the length at which they go to the device.
    while start < frames.count {
      let burst = frames[start..<min(start + 8, frames.count)]
      process(Array(burst), on: port, worker: worker, layout)
      sent += drain()
      start += burst.count
    }
    checkBooks(sourceLocation)
    return sent
  }

  /// Takes frames in as one burst of a queue. What is to be sent or handed on stays where that put it.
  func process(
    _ frames: [Bytes], on port: Int = 0, worker: Int = 0, _ layout: Layout = .plain
  ) {
    for (place, frame) in frames.enumerated() {
      appliance.workers[worker].burst[place] = buffer(frame, layout)
    }
    appliance.workers[worker].counters[Counter.rxPackets.rawValue] += UInt64(frames.count)
    appliance.workers[worker].processBurst(frames.count, port: port)
  }

  @discardableResult
  func inject(
    _ packet: PacketBuilder, on port: Int = 0, worker: Int = 0, _ layout: Layout = .plain,
    sourceLocation: SourceLocation = #_sourceLocation
  ) -> [Sent] {
    inject([packet.bytes], on: port, worker: worker, layout, sourceLocation: sourceLocation)
  }

  /// One packet in; the frames that come out, to the byte, and the counters that change, all of them.
  func check(
    _ packet: PacketBuilder, on port: Int = 0, worker: Int = 0, _ layout: Layout = .plain,
    gives expected: [Sent], _ counts: Counts,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let before = counters
    let sent = inject(
      [packet.bytes], on: port, worker: worker, layout, sourceLocation: sourceLocation)
    let differences = changes(since: before)
    #expect(
      sent == expected, "sent:\n\(text(sent))\nexpected:\n\(text(expected))",
      sourceLocation: sourceLocation)
    #expect(differences == counts, sourceLocation: sourceLocation)
  }

  private func buffer(_ frame: Bytes, _ layout: Layout) -> OpaquePointer {
    let first = layout.firstSegment.map { min($0, frame.count) } ?? frame.count
    let mbuf = shim_mbuf_chain_from_bytes(
      appliance.pool, frame, UInt16(frame.count), UInt16(first))!
    if let headroom = layout.headroom {
      let usual = Int(shim_mbuf_headroom(mbuf))
      shim_mbuf_move_start(mbuf, Int32(headroom - usual))
      let data = shim_mbuf_data(mbuf)!
      data.copyMemory(from: frame, byteCount: frame.count)
      shim_mbuf_set_length(mbuf, UInt16(frame.count))
    }
    return mbuf
  }

  /// Lets hand-overs go round until none is left, and empties the send lists.
  func drain() -> [Sent] {
    var sent: [Sent] = []
    var isQuiet = false
    while !isQuiet {
      isQuiet = true
      for index in 0..<workers {
        collect(index, &sent)
        appliance.workers[index].flushHandovers()
      }
      for index in 0..<workers where appliance.workers[index].takeHandovers() > 0 {
        isQuiet = false
      }
    }
    for index in 0..<workers { collectKernelFrames(index) }
    for index in 0..<workers where appliance.workers[index].discards.count > 0 {
      appliance.workers[index].freeDiscards()
    }
    return sent
  }

  private func collect(_ worker: Int, _ sent: inout [Sent]) {
    for port in appliance.devices.indices {
      let list = appliance.workers[worker].transmit + port
      if list.pointee.through >= 0 {
        if list.pointee.count > 0 { appliance.workers[worker].flush(port) }
        continue
      }
      for place in 0..<list.pointee.count {
        sent.append(Sent(port: port, bytes: bytes(list.pointee.packets[place]!)))
      }
      shim_mbuf_free_bulk(list.pointee.packets, UInt32(list.pointee.count))
      list.pointee.removeAll()
    }
  }

  private func collectKernelFrames(_ worker: Int) {
    guard let ring = appliance.shared.toKernel[worker] else { return }
    var mbuf: OpaquePointer?
    while shim_ring_dequeue(ring, &mbuf, 1) == 1 {
      kernelFrames.append(Sent(port: Int(shim_mbuf_port(mbuf!)), bytes: bytes(mbuf!)))
      shim_mbuf_free_bulk(&mbuf, 1)
    }
  }

  private func bytes(_ mbuf: OpaquePointer) -> Bytes {
    let count = Int(shim_mbuf_packet_length(mbuf))
    #expect(shim_mbuf_chain_is_whole(mbuf))
    return Bytes(unsafeUninitializedCapacity: count) { buffer, filled in
      let start = rte_pktmbuf_read(mbuf, 0, UInt32(count), buffer.baseAddress)!
      if start != UnsafeRawPointer(buffer.baseAddress!) {
        buffer.baseAddress!.update(
          from: start.assumingMemoryBound(to: UInt8.self), count: count)
      }
      filled = count
    }
  }

  private func text(_ frames: [Sent]) -> String {
    frames.map { frame in
      "  port \(frame.port): "
        + frame.bytes.prefix(120).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        .joined(separator: " ")
    }.joined(separator: "\n")
  }
}
