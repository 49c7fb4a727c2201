import CDPDKShim
import Labels
import Snapshots
import Wire

extension Worker {
  /// The label switch: next hop's link header, label TTL - 1, transmit. Towards a host that is no
  /// label endpoint the label comes off and its TTL goes into IP (RFC 3443 3.1, uniform model).
  @inline(__always)
  mutating func switchPacket(_ frame: Frame, _ stackEntry: LabelStackEntry, _ entry: LabelEntry) {
    let adjacency = self.adjacency(entry.adjacency)
    guard adjacency.pointee.length != 0 else { return drop(frame.mbuf, .noNextHop) }
    if entry.pop || frame.total &- frame.ip &+ 4 > Int(adjacency.pointee.mtu) {
      return popAtExit(frame, stackEntry, adjacency, hasToPop: entry.pop)
    }
    (frame.data + frame.ip).store32(stackEntry.rawValue &- 1, -4)
    guard
      writeLink(
        frame.mbuf, frame.data, adjacency, ethertype: WireEthertype.mpls, before: frame.ip &- 4)
    else { return }
    noteSwitched(stackEntry.label)
    send(frame.mbuf, port: Int(adjacency.pointee.port))
  }

  @inline(__always)
  private mutating func noteSwitched(_ label: UInt32) {
    ActivityStamps.stamp(stampArray, offset: shared.labelTable.offset(of: label), tick: tick)
    count(.labelSwitched)
  }

  @inline(never)
  mutating func popAtExit(
    _ frame: Frame, _ stackEntry: LabelStackEntry, _ adjacency: UnsafePointer<Adjacency>,
    hasToPop: Bool
  ) {
    let ip = frame.data + frame.ip
    let headerLength = ip.load(as: UInt8.self) >> 4 == 4 ? 20 : 40
    guard frame.available &- frame.ip >= headerLength else {
      return drop(frame.mbuf, frame.total &- frame.ip < headerLength ? .ipShort : .chain)
    }
    if frame.total &- frame.ip > Int(adjacency.pointee.mtu) {
      return switchOversize(frame, stackEntry, adjacency, isLabelled: !hasToPop)
    }
    TimeToLive.set(ip, stackEntry.ttl &- 1)
    guard
      writeLink(
        frame.mbuf, frame.data, adjacency, ethertype: WireEthertype.ofPacket(ip), before: frame.ip)
    else { return }
    count(.labelPopped)
    noteSwitched(stackEntry.label)
    send(frame.mbuf, port: Int(adjacency.pointee.port))
  }

  /// A labelled packet that does not fit its next link even without its label, unless it is only what
  /// stands behind it that does not.
  private mutating func switchOversize(
    _ frame: Frame, _ stackEntry: LabelStackEntry, _ adjacency: UnsafePointer<Adjacency>,
    isLabelled: Bool
  ) {
    var packet = ParsedPacket()
    let outcome = PacketParser.parse(
      frame.data + frame.ip, available: frame.available &- frame.ip,
      total: frame.total &- frame.ip, into: &packet)
    guard outcome == PacketParser.accepted else {
      return drop(frame.mbuf, rawReason: outcome)
    }
    let end = frame.ip &+ Int(packet.ipLength)
    if Int(packet.ipLength) <= Int(adjacency.pointee.mtu), frame.available == frame.total {
      shim_mbuf_set_length(frame.mbuf, UInt16(truncatingIfNeeded: end))
      return popAtExit(
        frame.cut(to: end), stackEntry, adjacency, hasToPop: !isLabelled)
    }
    let isFragmented = meetOversize(
      frame, packet, adjacency, ttl: stackEntry.ttl &- 1, isLabelled: isLabelled)
    if isFragmented {
      count(.labelPopped)
      noteSwitched(stackEntry.label)
    }
  }
}
