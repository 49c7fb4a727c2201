import Wire

extension Worker {
  /// Gives a fragment its session: the first one's ports are remembered, later ones get them.
  ///
  /// With several workers all fragments of a datagram meet at one, its keeper, whatever the NIC's
  /// hash saw; from there they go to the session's owner in the order in which they came.
  ///
  /// - Returns: false when the fragment went elsewhere or was dropped
  @inline(never)
  mutating func follow(_ frame: Frame, _ packet: inout ParsedPacket) -> Bool {
    if frame.note.isKind(.fragment) {
      packet.ports = frame.note.ports
      packet.protocolNumber = frame.note.protocolNumber
      return true
    }
    if shared.workers > 1 {
      let keeper = Int(
        truncatingIfNeeded: FragmentTable.hash(packet) >> 40 % UInt64(shared.workers))
      if keeper != index {
        handOver(frame, to: keeper, HandoverNote(.none))
        return false
      }
    }
    if packet.has(ParsedPacket.firstFragment) {
      fragments.remember(packet, now: tick)
    } else if !fragments.complete(&packet, now: tick) {
      drop(frame.mbuf, .fragmentUnknown)
      return false
    }
    if shared.workers > 1 {
      let owner = self.owner(packet)
      if owner != index {
        handOver(
          frame, to: owner,
          .fragment(ports: packet.ports, protocolNumber: packet.protocolNumber))
        return false
      }
    }
    return true
  }

  @inline(__always)
  func owner(_ packet: ParsedPacket) -> Int {
    shared.scaling.owner(
      source: packet.source, destination: packet.destination, ports: packet.ports)
  }
}
