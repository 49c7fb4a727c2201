import CDPDKShim
import CMacswap
import Dataplane
import Management
import Snapshots

/// An appliance of one worker on one or two devices, and the packets that come to it.
///
/// A `ring` device is one looped back on itself: what is prepared in it is received, and what is sent
/// goes to its end. `pcap` replays a capture for ever and throws away what is sent.
final class Rig {
  /// Packets in the rings when they are filled.
  static let packets = 512
  /// Bytes before a frame, as a device leaves them.
  static let headroom: Int32 = 128

  let appliance: Appliance
  let configuration: Configuration
  let isRing: Bool
  /// As DPDK counts them; the servers' one is the last.
  let ports: [UInt16]
  private let rings: [OpaquePointer]
  private let buffers: UnsafeMutablePointer<OpaquePointer?>
  private var plan: Plan
  private var snapshotNumber: UInt64 = 0

  init(_ setup: Setup, isRing: Bool) throws(BenchFailure) {
    self.isRing = isRing
    configuration = try Self.read(setup)
    do {
      appliance = try Appliance(ApplianceOptions(configuration))
    } catch {
      throw BenchFailure(error.description, code: 2)
    }
    plan = Plan(configuration: configuration, portMACs: appliance.devices.map(\.mac))
    ports = appliance.devices.map(\.port)
    var rings: [OpaquePointer] = []
    for device in setup.devices where isRing {
      guard let ring = rte_ring_lookup("ETH_RXTX0_\(device)") else {
        throw BenchFailure("device \(device) has no ring; is it DPDK 22.11's net_ring?", code: 2)
      }
      rings.append(ring)
    }
    self.rings = rings
    buffers = .allocate(capacity: Self.packets)
    buffers.initialize(repeating: nil, count: Self.packets)
  }

  static func read(_ setup: Setup) throws(BenchFailure) -> Configuration {
    switch Configuration.read(text: setup.text, file: "benchmark") {
    case .success(let configuration): return configuration
    case .failure(let errors): throw BenchFailure(errors.lines.joined(separator: "; "), code: 1)
    }
  }

  /// Publishes the plan's snapshot: what the manager does at each change.
  func publish() {
    snapshotNumber += 1
    appliance.publish(plan.makeContents(number: snapshotNumber))
    appliance.reclaim()
  }

  /// Publishes the first snapshot and has the workers wait for being led.
  func begin() throws(BenchFailure) {
    publish()
    do {
      try appliance.beginStepping()
    } catch {
      throw BenchFailure(error.description, code: 2)
    }
  }

  /// Reads a configuration and puts it in place of the present one: what a reload does.
  func reload(_ setup: Setup) throws(BenchFailure) {
    let other = try Self.read(setup)
    do {
      try plan.apply(other)
    } catch {
      throw BenchFailure(error.lines.joined(separator: "; "), code: 1)
    }
    publish()
  }

  /// Turns of the loop after which what was filled in has been received: each turn takes a burst from
  /// each port.
  var turnsPerFill: Int { Self.packets / (Appliance.burstSize * ports.count) }

  /// Packets that a turn receives.
  var packetsPerTurn: Int { Appliance.burstSize * ports.count }

  /// A packet buffer whose bytes are still to be written.
  func take() throws(BenchFailure) -> OpaquePointer {
    guard let mbuf = shim_mbuf_from_bytes(appliance.packetPool, buffers, 64) else {
      throw BenchFailure("the packet pool is empty", code: 2)
    }
    return mbuf
  }

  /// Puts a frame into each buffer and all of them into the rings; with two ports each stream into
  /// its own port's.
  func fill(_ traffic: inout Traffic) throws(BenchFailure) {
    for place in 0..<Self.packets {
      let mbuf: OpaquePointer
      if let present = buffers[place] { mbuf = present } else { mbuf = try take() }
      buffers[place] = mbuf
      shim_mbuf_move_start(mbuf, Self.headroom - Int32(shim_mbuf_headroom(mbuf)))
      let stream = rings.count == 1 ? nil : place * rings.count / Self.packets
      let length = traffic.next(shim_mbuf_data(mbuf), stream: stream)
      shim_mbuf_set_length(mbuf, UInt16(truncatingIfNeeded: length))
    }
    let share = Self.packets / rings.count
    for (place, ring) in rings.enumerated() {
      guard shim_ring_enqueue(ring, buffers + place * share, UInt32(share)) == share else {
        throw BenchFailure("a ring is full before it is filled", code: 1)
      }
    }
  }

  /// Takes the buffers back.
  ///
  /// - Returns: packets that did not come back
  func drain() -> Int {
    var count = 0
    for ring in rings {
      while count < Self.packets {
        let got = Int(shim_ring_dequeue(ring, buffers + count, UInt32(Self.packets - count)))
        if got == 0 { break }
        count += got
      }
    }
    for place in count..<Self.packets { buffers[place] = nil }
    return Self.packets - count
  }

  /// Has the worker handle one burst of frames, outside of any loop, and throws away what it sends.
  func handle(_ flows: Range<Int>, _ writer: FrameWriter, port: Int) throws(BenchFailure) {
    let count = flows.count
    for (place, flow) in flows.enumerated() {
      let mbuf = try take()
      writer.write(UInt32(flow), to: shim_mbuf_data(mbuf))
      shim_mbuf_set_length(mbuf, UInt16(writer.length))
      buffers[place] = mbuf
    }
    appliance.receive(buffers, count: count, port: port, worker: 0)
    buffers.update(repeating: nil, count: count)
    for ring in rings {
      let got = shim_ring_dequeue(ring, buffers, UInt32(Self.packets))
      shim_mbuf_free_bulk(buffers, got)
      buffers.update(repeating: nil, count: Int(got))
    }
  }
}
