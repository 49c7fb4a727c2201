import CDPDKShim
import Glibc
import Snapshots
import Wire

extension Worker {
  /// The most fragments that one packet is split into.
  private static var fragmentRoom: Int { 32 }

  /// A packet that does not fit its next link without a label: fragmented where it may be (RFC 791
  /// 2.3), else dropped and answered with fragmentation needed or packet too big, the next-hop MTU
  /// less four bytes for the label that the sender's packets get (RFC 3032 3.4 and 3.5).
  ///
  /// - Parameters:
  ///   - ttl: what goes into the packet
  ///   - isLabelled: whether packets of this session and direction carry a label
  /// - Returns: whether fragments were sent; if not, the packet was dropped and counted
  @inline(never)
  mutating func meetOversize(
    _ frame: Frame, _ packet: ParsedPacket, _ adjacency: UnsafePointer<Adjacency>, ttl: UInt8,
    isLabelled: Bool
  ) -> Bool {
    if packet.family == 4, !packet.has(ParsedPacket.dontFragment) {
      return sendFragments(frame, packet, adjacency, ttl: ttl)
    }
    count(drop: .oversize)
    let mtu = UInt32(adjacency.pointee.mtu) &- (isLabelled ? 4 : 0)
    let isAnswered =
      packet.family == 4
      ? answerError(frame, packet, type: 3, code: 4, parameter: mtu)
      : answerError(frame, packet, type: 2, code: 0, parameter: mtu)
    if !isAnswered { discard(frame.mbuf) }
    return false
  }

  private mutating func sendFragments(
    _ frame: Frame, _ packet: ParsedPacket, _ adjacency: UnsafePointer<Adjacency>, ttl: UInt8
  ) -> Bool {
    // What stands behind the packet would become part of its last fragment. In a chain it cannot be
    // cut off here, and no link pads a frame that needs one.
    guard frame.available == frame.total || frame.total &- frame.ip == Int(packet.ipLength) else {
      drop(frame.mbuf, .oversize)
      return false
    }
    TimeToLive.set(frame.data + frame.ip, ttl)
    shim_mbuf_move_start(frame.mbuf, Int32(truncatingIfNeeded: frame.ip))
    if frame.available == frame.total { shim_mbuf_set_length(frame.mbuf, packet.ipLength) }
    let made = Int(
      shim_fragment_ipv4(
        frame.mbuf, fragmentScratch, UInt16(Self.fragmentRoom), adjacency.pointee.mtu))
    guard made > 0 else {
      drop(frame.mbuf, made == -Int(ENOMEM) ? .noBuffer : .oversize)
      return false
    }
    discard(frame.mbuf)
    var place = 0
    while place < made {
      let mbuf = fragmentScratch[place].unsafelyUnwrapped
      let data = shim_mbuf_data(mbuf).unsafelyUnwrapped
      // A fresh buffer's headroom always has room for a link header.
      if writeLink(mbuf, data, adjacency, ethertype: WireEthertype.ipv4, before: 0) {
        send(mbuf, port: Int(adjacency.pointee.port))
      }
      place &+= 1
    }
    return true
  }
}
