import CDPDKShim
import Dataplane
import Labels
import Wire

/// One of two workers: its queue of the device, its own sessions, and what it measured.
final class WorkerLane {
  /// What a queue brings.
  enum Traffic {
    /// Packets of sessions that this worker owns, that the other owns, or of both alike.
    case own, other, both
  }

  /// A session: its client's number and its C2S label.
  struct Flow {
    var number: UInt32
    var label: UInt32
  }

  /// Packets in the ring when it is filled.
  static let packets = 512

  let worker: Int
  let flows: [Flow]
  /// Nanoseconds a packet, a value a round.
  var alone: [Double] = []
  var together: [Double] = []
  /// Packets received.
  private(set) var done = 0
  private(set) var lost = 0
  private let rig: Rig
  private let ring: OpaquePointer
  private let buffers: UnsafeMutablePointer<OpaquePointer?>
  private let writers: [FrameWriter]
  private var random = SplitMix()

  init(_ rig: Rig, worker: Int, flows: [Flow], isLabelled: Bool) throws(BenchFailure) {
    self.rig = rig
    self.worker = worker
    self.flows = flows
    // Each queue is looped back on itself.
    guard let ring = rte_ring_lookup("ETH_RXTX\(worker)_net_ring0") else {
      throw BenchFailure("net_ring0 has no queue \(worker); is it DPDK 22.11's net_ring?", code: 2)
    }
    self.ring = ring
    writers = [FrameKind.Direction.toServer, .toClient].map {
      FrameWriter(FrameKind($0, isLabelled: isLabelled))
    }
    buffers = .allocate(capacity: Self.packets)
    buffers.initialize(repeating: nil, count: Self.packets)
    for _ in 0..<worker { _ = random.next() }
  }

  /// Makes the sessions live ones, as `Rig.populate` does.
  func populate() throws(BenchFailure) {
    let up = FrameWriter(FrameKind(.toServer))
    let down = FrameWriter(FrameKind(.toClient))
    var first = 0
    while first < flows.count {
      let end = min(first + Appliance.burstSize, flows.count)
      for writer in [up, down, up] {
        for place in first..<end {
          let mbuf = try rig.take()
          writer.write(flows[place].number, to: shim_mbuf_data(mbuf))
          shim_mbuf_set_length(mbuf, UInt16(writer.length))
          buffers[place - first] = mbuf
        }
        rig.appliance.receive(buffers, count: end - first, port: 0, worker: worker)
        let got = shim_ring_dequeue(ring, buffers, UInt32(Self.packets))
        shim_mbuf_free_bulk(buffers, got)
        buffers.update(repeating: nil, count: Self.packets)
      }
      first = end
    }
  }

  private func draw(_ traffic: Traffic, _ other: WorkerLane) -> (Flow, FrameWriter) {
    let word = random.next()
    let writer = writers[Int(word & 1)]
    switch traffic {
    case .own: return (pick(flows, flows.count), writer)
    case .other: return (pick(other.flows, flows.count), writer)
    // So many sessions as in the other cases, half of them each worker's.
    case .both: return (pick(word & 2 == 0 ? flows : other.flows, flows.count / 2), writer)
    }
  }

  private func pick(_ flows: [Flow], _ count: Int) -> Flow {
    flows[Int(UInt64(count).multipliedFullWidth(by: random.next()).high)]
  }

  /// Puts a frame into each buffer and all of them into the queue.
  func fill(_ traffic: Traffic, _ other: WorkerLane) throws(BenchFailure) {
    for place in 0..<Self.packets {
      let mbuf: OpaquePointer
      if let present = buffers[place] { mbuf = present } else { mbuf = try rig.take() }
      buffers[place] = mbuf
      shim_mbuf_move_start(mbuf, Rig.headroom - Int32(shim_mbuf_headroom(mbuf)))
      let (flow, writer) = draw(traffic, other)
      let data = shim_mbuf_data(mbuf).unsafelyUnwrapped
      writer.write(flow.number, to: data)
      if writer.kind.isLabelled {
        let label = flow.label + (writer.kind.direction == .toServer ? 0 : 1)
        data.store32(LabelStackEntry(label: label, trafficClass: 0, ttl: 64).rawValue, 14)
      }
      shim_mbuf_set_length(mbuf, UInt16(truncatingIfNeeded: writer.length))
    }
    guard shim_ring_enqueue(ring, buffers, UInt32(Self.packets)) == Self.packets else {
      throw BenchFailure("a ring is full before it is filled", code: 1)
    }
  }

  /// Runs the loop until as many packets were sent as were filled in.
  ///
  /// - Returns: cycles of the time-stamp counter
  func turn() -> UInt64 {
    let start = shim_cycles()
    // So many turns without a packet are some tenths of a second.
    rig.appliance.turn(worker: worker, untilSent: Self.packets, times: 10_000_000)
    return shim_cycles() &- start
  }

  /// Takes the buffers back.
  func drain() {
    let got = Int(shim_ring_dequeue(ring, buffers, UInt32(Self.packets)))
    for place in got..<Self.packets { buffers[place] = nil }
    done += Self.packets
    lost += Self.packets - got
  }
}
