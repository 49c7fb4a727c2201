import CDPDKShim
import Labels
import Sessions
import Snapshots
import Wire

extension Worker {
  /// Looks at every packet of a burst: what it is, and what of the tables it will need, which is
  /// prefetched. Frames that are anything but plain are left to the inspector.
  ///
  /// - Returns: whether any packet may have a session's record, to be looked for when its bucket has
  ///   come
  @inline(__always)
  mutating func lookAhead(
    _ count: Int, _ view: BurstView, link: Int, checksGuard: Bool
  ) -> Bool {
    let burst = burst
    let looks = looks
    let frameHead = frameHead
    var place = 0
    while place < count {
      shim_prefetch(shim_mbuf_data(burst[place].unsafelyUnwrapped))
      place &+= 1
    }
    let firstLabel = shared.labelTable.firstLabel
    let labelCount = shared.labelTable.labelCount
    var hashed = 0
    place = 0
    while place < count {
      let mbuf = burst[place].unsafelyUnwrapped
      let data = UnsafeRawPointer(shim_mbuf_data(mbuf).unsafelyUnwrapped)
      let length = UInt32(shim_mbuf_data_length(mbuf))
      let look = looks + place
      place &+= 1
      guard _fastPath(shim_mbuf_is_plain(mbuf)), _fastPath(length &- view.shortest <= view.span),
        _fastPath(shim_matches16(data, frameHead, frameHead + 2))
      else {
        look.pointee.leave()
        continue
      }
      let word = data.word(link &- 2, as: UInt64.self)
      let ip = data + link
      if word & view.labelledMask == view.labelled {
        let entry = LabelStackEntry(rawValue: UInt32(truncatingIfNeeded: word &>> 16).byteSwapped)
        let offset = entry.label &- firstLabel
        // Fragments behind the first have no ports.
        guard _fastPath(entry.ttl > 1), _fastPath(offset < labelCount),
          !checksGuard || _fastPath(ip.word(10, as: UInt16.self) & 0xff1f == 0)
        else {
          look.pointee.leave()
          continue
        }
        look.pointee.offset = offset
        if checksGuard {
          look.pointee.detail = guardWord(ofIPv4: ip + 4)
        }
        prefetchEntry(offset)
      } else {
        look.pointee.leave()
        if UInt16(truncatingIfNeeded: word) == WireEthertype.ipv4 {
          hashed &+= lookAtIPv4(ip, available: Int(length) &- link, look)
        } else {
          hashed &+= lookAtIPv6(ip, view, available: Int(length) &- link, look)
        }
      }
    }
    return hashed > 0
  }

  @inline(__always)
  private func prefetchEntry(_ offset: UInt32) {
    shim_prefetch(shared.labelTable.address(offset: offset))
    shim_prefetch_write(stampArray + Int(truncatingIfNeeded: offset))
  }

  /// The session hash of an unlabelled, unfragmented TCP or UDP packet without IP options. The
  /// analyser's own hash of such a packet is the same.
  ///
  /// - Returns: 1 if it may have a record
  @inline(__always)
  private func lookAtIPv4(
    _ ip: UnsafeRawPointer, available: Int, _ look: UnsafeMutablePointer<Look>
  ) -> Int {
    let protocolNumber = ip.load8(9)
    guard ip.load8(0) == 0x45, ip.word(6, as: UInt16.self) & 0xff3f == 0,
      protocolNumber == ProtocolNumber.tcp || protocolNumber == ProtocolNumber.udp
    else { return 0 }
    let hash = sessions.hash.hash(
      FlowTuple(
        source: ip.ipv4Address(12), destination: ip.ipv4Address(16),
        ports: UInt32(ip.load16(20)) | UInt32(ip.load16(22)) << 16,
        kind: UInt32(protocolNumber) | 4 << 8))
    look.pointee.hash = hash
    shim_prefetch(sessions.bucketAddress(hash))
    if protocolNumber == ProtocolNumber.tcp, available >= 34, ip.load8(33) & TCPFlags.syn != 0 {
      look.pointee.offset = Look.fresh
      return 0
    }
    return hash != 0 ? 1 : 0
  }

  /// The same of IPv6 packets, labelled or not, whose upper layer follows the header directly.
  ///
  /// - Returns: 1 if it has a session hash
  @inline(never)
  private mutating func lookAtIPv6(
    _ payload: UnsafeRawPointer, _ view: BurstView, available: Int,
    _ look: UnsafeMutablePointer<Look>
  ) -> Int {
    let ethertype = payload.word(-2, as: UInt16.self)
    let isLabelled = ethertype == WireEthertype.mpls
    guard isLabelled || ethertype == WireEthertype.ipv6 else { return 0 }
    let ip = payload + (isLabelled ? 4 : 0)
    // The header and both ports.
    guard available >= (isLabelled ? 48 : 44), ip.load8(0) &>> 4 == 6 else { return 0 }
    let protocolNumber = ip.load8(6)
    guard protocolNumber == ProtocolNumber.tcp || protocolNumber == ProtocolNumber.udp
    else { return 0 }
    let tuple = FlowTuple(
      source: ip.ipv6Address(8), destination: ip.ipv6Address(24),
      ports: UInt32(ip.load16(40)) | UInt32(ip.load16(42)) << 16,
      kind: UInt32(protocolNumber) | 6 << 8)
    if !isLabelled {
      let hash = sessions.hash.hash(tuple)
      look.pointee.hash = hash
      shim_prefetch(sessions.bucketAddress(hash))
      return hash != 0 ? 1 : 0
    }
    let entry = LabelStackEntry(rawValue: payload.load32(0))
    let offset = shared.labelTable.offset(of: entry.label)
    guard offset < shared.labelTable.labelCount, entry.isBottom, entry.ttl > 1,
      view.admits(label: entry.label)
    else { return 0 }
    look.pointee.detail = guardWord(ofIPv6: ip)
    look.pointee.offset = offset
    prefetchEntry(offset)
    return 0
  }

  /// So many packets ahead records are looked for: while that many take their turns, memory answers.
  private static let recordDistance = 12

  /// Begins to look for records, when the buckets that were prefetched first have come.
  @inline(never)
  mutating func lookForFirstRecords(_ count: Int) {
    var place = 0
    while place < Self.recordDistance && place < count {
      prefetchCandidate(looks + place)
      place &+= 1
    }
  }

  /// Goes on with that, a packet for each that takes its turn.
  @inline(never)
  mutating func lookForRecord(ahead place: Int, _ count: Int) {
    let next = place &+ Self.recordDistance
    if next < count { prefetchCandidate(looks + next) }
  }

  @inline(__always)
  private func prefetchCandidate(_ look: UnsafeMutablePointer<Look>) {
    guard look.pointee.offset == Look.none, look.pointee.hash != 0 else { return }
    let candidate = sessions.firstCandidate(look.pointee.hash)
    guard candidate != noIndex else { return }
    look.pointee.detail = candidate
    shim_prefetch(record(candidate))
  }
}
