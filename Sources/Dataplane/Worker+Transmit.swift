import CDPDKShim
import Snapshots

extension Worker {
  /// Puts a packet that is ready on the list of its port.
  @inline(__always)
  mutating func send(_ mbuf: OpaquePointer, port: Int) {
    transmit[port].append(mbuf)
    if transmit[port].count >= Self.burstSize { flush(port) }
  }

  /// Sends what has become a burst. The lists have room for one burst more than that.
  @inline(__always)
  mutating func flushFullTransmits() {
    var port = 0
    while port < shared.portCount {
      if transmit[port].count >= Self.burstSize { flush(port) }
      port &+= 1
    }
  }

  @inline(never)
  mutating func flush(_ port: Int) {
    let list = transmit + port
    let count = list.pointee.count
    list.pointee.removeAll()
    if list.pointee.through >= 0 {
      sendThrough(list.pointee.through, list.pointee.packets, count, port: port)
      return
    }
    let sent = Int(
      shim_tx_burst(
        devicePorts[port], list.pointee.queue, list.pointee.packets,
        UInt16(truncatingIfNeeded: count)))
    counters[Counter.txPackets.rawValue] &+= UInt64(truncatingIfNeeded: sent)
    if sent < count { giveUp(list.pointee.packets + sent, count &- sent) }
  }

  /// Frees packets that a queue or ring did not take.
  @inline(never)
  mutating func giveUp(_ packets: UnsafeMutablePointer<OpaquePointer?>, _ count: Int) {
    counters[Counter.txFull.rawValue] &+= UInt64(truncatingIfNeeded: count)
    shim_mbuf_free_bulk(packets, UInt32(truncatingIfNeeded: count))
  }

  /// Hands packets for a port on which this worker has no queue to the one that sends for it.
  @inline(never)
  mutating func sendThrough(
    _ worker: Int, _ packets: UnsafeMutablePointer<OpaquePointer?>, _ count: Int, port: Int
  ) {
    var place = 0
    while place < count {
      let mbuf = packets[place].unsafelyUnwrapped
      shim_mbuf_set_note(mbuf, HandoverNote(.transmit).word)
      shim_mbuf_set_port(mbuf, UInt16(truncatingIfNeeded: port))
      place &+= 1
    }
    let taken = Int(
      shim_ring_enqueue(
        shared.rings[index &* shared.workers &+ worker].unsafelyUnwrapped, packets,
        UInt32(truncatingIfNeeded: count)))
    if taken < count { giveUp(packets + taken, count &- taken) }
  }

  /// Writes the link header that ends right before `offset` and makes it the packet's start; false,
  /// with the packet dropped, where the buffer has no room for it.
  ///
  /// - Parameters:
  ///   - ethertype: as it lies on the wire
  ///   - offset: of what follows the ethertype
  @inline(__always)
  mutating func writeLink(
    _ mbuf: OpaquePointer, _ data: UnsafeMutableRawPointer, _ adjacency: UnsafePointer<Adjacency>,
    ethertype: UInt16, before offset: Int
  ) -> Bool {
    let length = Int(adjacency.pointee.length)
    let start = offset &- 2 &- length
    guard start >= 0 || -start <= Int(shim_mbuf_headroom(mbuf)) else {
      drop(mbuf, .noBuffer)
      return false
    }
    let head = data + start
    head.storeBytes(of: adjacency.pointee.header0, as: UInt64.self)
    if length == 12 {
      head.storeBytes(
        of: UInt32(truncatingIfNeeded: adjacency.pointee.header1), toByteOffset: 8, as: UInt32.self)
    } else {
      head.storeBytes(of: adjacency.pointee.header1, toByteOffset: 8, as: UInt64.self)
    }
    head.storeBytes(of: ethertype, toByteOffset: length, as: UInt16.self)
    shim_mbuf_move_start(mbuf, Int32(truncatingIfNeeded: start))
    return true
  }
}

/// Ethertypes as they lie on the wire.
enum WireEthertype {
  static let mpls: UInt16 = 0x4788
  static let ipv4: UInt16 = 0x0008
  static let ipv6: UInt16 = 0xdd86

  /// The one of an IP packet, by its first byte.
  @inline(__always)
  static func ofPacket(_ ip: UnsafeRawPointer) -> UInt16 {
    ip.load8(0) >> 4 == 4 ? ipv4 : ipv6
  }
}
