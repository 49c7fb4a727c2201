import CDPDKShim
import Labels
import Sessions
import Snapshots
import Wire

extension Worker {
  /// Handles a burst of one queue: looks ahead over all of it for prefetching only, then takes packet
  /// by packet, in order, each seeing what the earlier ones left.
  @inline(never)
  mutating func processBurst(_ count: Int, port: Int) {
    if trace.pointee.isActive {
      processTraced(count, port: port)
      return
    }
    var place = 0
    while place < count {
      shim_prefetch(shim_mbuf_data(burst[place].unsafelyUnwrapped))
      place &+= 1
    }
    lookAhead(count, link: snapshot.ports[port].vlan == 0 ? 14 : 18)
    place = 0
    while place < count {
      inspect(
        burst[place].unsafelyUnwrapped, port: port, hint: hints[place],
        note: HandoverNote(.none))
      place &+= 1
    }
  }

  /// Prefetches label entries and stamps, session buckets and records.
  @inline(__always)
  mutating func lookAhead(_ count: Int, link: Int) {
    var place = 0
    var unlabelled = 0
    while place < count {
      let mbuf = burst[place].unsafelyUnwrapped
      let data = UnsafeRawPointer(shim_mbuf_data(mbuf).unsafelyUnwrapped)
      hints[place] = 0
      // 60 bytes hold every field that is looked at below; a shorter frame does without prefetching.
      if Int(shim_mbuf_data_length(mbuf)) >= link &+ 44 {
        let ethertype = data.word(link &- 2, as: UInt16.self)
        if ethertype == WireEthertype.mpls {
          let label = LabelStackEntry(rawValue: data.load32(link)).label
          shim_prefetch(shared.labelTable.address(label: label))
          let offset = shared.labelTable.offset(of: label)
          if offset < shared.labelTable.labelCount {
            shim_prefetch_write(stampArray + Int(truncatingIfNeeded: offset))
          }
        } else {
          let hash = sessionHash(data + link, ethertype)
          if hash != 0 {
            hints[place] = hash
            unlabelled &+= 1
            shim_prefetch(sessions.bucketAddress(hash))
          }
        }
      }
      place &+= 1
    }
    if unlabelled > 0 { lookAheadToRecords(count) }
  }

  @inline(__always)
  func lookAheadToRecords(_ count: Int) {
    var place = 0
    while place < count {
      if hints[place] != 0, let record = sessions.firstCandidate(hints[place]) {
        shim_prefetch(record)
      }
      place &+= 1
    }
  }

  /// The session hash of an unfragmented TCP or UDP packet without options or extension headers, 44
  /// bytes of which are readable; 0 for all others. The analyser's own hash of such a packet is the
  /// same.
  @inline(__always)
  func sessionHash(_ ip: UnsafeRawPointer, _ ethertype: UInt16) -> UInt64 {
    if ethertype == WireEthertype.ipv4 {
      let isPlain = ip.load8(0) == 0x45 && ip.word(6, as: UInt16.self) & 0xff3f == 0
      let protocolNumber = ip.load8(9)
      guard isPlain, protocolNumber == ProtocolNumber.tcp || protocolNumber == ProtocolNumber.udp
      else { return 0 }
      return sessions.hash.hash(
        FlowTuple(
          source: ip.ipv4Address(12), destination: ip.ipv4Address(16),
          ports: UInt32(ip.load16(20)) | UInt32(ip.load16(22)) << 16,
          kind: UInt32(protocolNumber) | 4 << 8))
    }
    guard ethertype == WireEthertype.ipv6, ip.load8(0) >> 4 == 6 else { return 0 }
    let protocolNumber = ip.load8(6)
    guard protocolNumber == ProtocolNumber.tcp || protocolNumber == ProtocolNumber.udp
    else { return 0 }
    return sessions.hash.hash(
      FlowTuple(
        source: ip.ipv6Address(8), destination: ip.ipv6Address(24),
        ports: UInt32(ip.load16(40)) | UInt32(ip.load16(42)) << 16,
        kind: UInt32(protocolNumber) | 6 << 8))
  }
}
