import CDPDKShim
import Labels
import Snapshots
import Wire

extension Worker {
  /// Handles a burst of one queue: looks ahead over all of it, then takes packet by packet, in order,
  /// each seeing what the earlier ones left.
  @inline(never)
  mutating func processBurst(_ count: Int, port: Int) {
    if _slowPath(trace.pointee.isActive) {
      processTraced(count, port: port)
    } else {
      // Once for each kind of link and guard, so that what depends on these is decided once a burst.
      let record = self.port(port)
      let checksGuard = !snapshot.settings.pointee.guardPort || record.pointee.side == .both
      switch (record.pointee.vlan == 0, checksGuard) {
      case (true, true): processUntagged(count, port: port)
      case (true, false): processUntaggedUnguarded(count, port: port)
      case (false, true): processTagged(count, port: port)
      case (false, false): processTaggedUnguarded(count, port: port)
      }
    }
    flushFullTransmits()
  }

  // Functions of their own, or the inliner would give up and hand the constants over as arguments.

  @inline(never)
  private mutating func processUntagged(_ count: Int, port: Int) {
    processBurst(count, port: port, link: 14, checksGuard: true)
  }

  @inline(never)
  private mutating func processUntaggedUnguarded(_ count: Int, port: Int) {
    processBurst(count, port: port, link: 14, checksGuard: false)
  }

  @inline(never)
  private mutating func processTagged(_ count: Int, port: Int) {
    processBurst(count, port: port, link: 18, checksGuard: true)
  }

  @inline(never)
  private mutating func processTaggedUnguarded(_ count: Int, port: Int) {
    processBurst(count, port: port, link: 18, checksGuard: false)
  }

  @inline(__always)
  private mutating func processBurst(_ count: Int, port: Int, link: Int, checksGuard: Bool) {
    let view = BurstView(self.port(port), snapshot.settings, link: link)
    BurstView.writeHead(self.port(port), to: frameHead)
    let hasRecords = lookAhead(count, view, link: link, checksGuard: checksGuard)
    takeTurns(
      count, port: port, view, link: link, checksGuard: checksGuard, hasRecords: hasRecords)
  }

  /// Each packet's turn: by the label switch, or within its session, at once where the look ahead and
  /// the tables allow it, through the inspector else.
  @inline(__always)
  private mutating func takeTurns(
    _ count: Int, port: Int, _ view: BurstView, link: Int, checksGuard: Bool, hasRecords: Bool
  ) {
    let table = shared.labelTable
    let stamp = tick == 0 ? 1 : tick
    let burst = burst
    let looks = looks
    let stampArray = stampArray
    let adjacencyTables = adjacencyTables
    let transmit = transmit
    var unswitched = 0
    var popped = 0
    var place = 0
    if hasRecords { lookForFirstRecords(count) }
    while place < count {
      if _slowPath(hasRecords) { lookForRecord(ahead: place, count) }
      let mbuf = burst[place].unsafelyUnwrapped
      let look = looks + place
      place &+= 1
      let offset = look.pointee.offset
      if _fastPath(look.pointee.hasLabel) {
        let entry = table.load(offset: offset)
        let index = entry.adjacency
        let adjacency =
          adjacencyTables[Int(truncatingIfNeeded: index &>> 16)]
          + Int(truncatingIfNeeded: index & 0xffff)
        // Both links have the same kind of header, so that labels stay where they are.
        if !checksGuard || _fastPath(entry.guardWord == look.pointee.detail),
          _fastPath(entry.state.isSwitched),
          _fastPath(adjacency.pointee.length == UInt8(truncatingIfNeeded: link &- 2))
        {
          let data = shim_mbuf_data(mbuf).unsafelyUnwrapped
          ActivityStamps.stamp(stampArray, offset: offset, tick: stamp)
          transmit[Int(adjacency.pointee.port)].append(mbuf)
          if entry.pop {
            popInPlace(mbuf, data, adjacency, link)
            popped &+= 1
          } else {
            switchInPlace(data, adjacency, link)
          }
          continue
        }
      }
      unswitched &+= 1
      takeUnswitched(mbuf, look, port: port, view, link: link)
    }
    counters[Counter.labelSwitched.rawValue] &+= UInt64(truncatingIfNeeded: count &- unswitched)
    counters[Counter.labelPopped.rawValue] &+= UInt64(truncatingIfNeeded: popped)
  }

  /// The turn of a packet that is not switched in place.
  @inline(never)
  private mutating func takeUnswitched(
    _ mbuf: OpaquePointer, _ look: UnsafePointer<Look>, port: Int, _ view: BurstView, link: Int
  ) {
    if look.pointee.hasLabel || look.pointee.hash == 0 {
      inspect(mbuf, port: port, note: HandoverNote(.none))
    } else if look.pointee.detail != noIndex,
      forwardInPlace(mbuf, session: look.pointee.detail, view, link: link)
    {
      count(.analysedForwarded)
    } else {
      analysePlain(mbuf, port: port, link: link, hash: look.pointee.hash)
    }
  }

  /// The next hop's link header, and label TTL - 1.
  @inline(__always)
  private func switchInPlace(
    _ data: UnsafeMutableRawPointer, _ adjacency: UnsafePointer<Adjacency>, _ link: Int
  ) {
    data.store8(data.load(fromByteOffset: link &+ 3, as: UInt8.self) &- 1, link &+ 3)
    writeAddresses(data, adjacency, link)
  }

  /// The label off, its TTL - 1 into IP, and the next hop's link header before that.
  @inline(__always)
  private func popInPlace(
    _ mbuf: OpaquePointer, _ data: UnsafeMutableRawPointer, _ adjacency: UnsafePointer<Adjacency>,
    _ link: Int
  ) {
    let ip = data + (link &+ 4)
    TimeToLive.set(ip, data.load(fromByteOffset: link &+ 3, as: UInt8.self) &- 1)
    writeAddresses(data + 4, adjacency, link)
    (data + (link &+ 2)).storeBytes(of: WireEthertype.ofPacket(ip), as: UInt16.self)
    shim_mbuf_move_start(mbuf, 4)
  }

  /// A link header up to its ethertype.
  @inline(__always)
  func writeAddresses(
    _ head: UnsafeMutableRawPointer, _ adjacency: UnsafePointer<Adjacency>, _ link: Int
  ) {
    head.storeBytes(of: adjacency.pointee.header0, as: UInt64.self)
    if link == 14 {
      head.storeBytes(
        of: UInt32(truncatingIfNeeded: adjacency.pointee.header1), toByteOffset: 8, as: UInt32.self)
    } else {
      head.storeBytes(of: adjacency.pointee.header1, toByteOffset: 8, as: UInt64.self)
    }
  }
}
