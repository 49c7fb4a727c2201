import CDPDKShim
import Labels
import Sessions
import Snapshots
import Wire

/// Packets of live sessions that mean nothing to them but that they go on: the greatest part of what
/// is analysed. What the analyser would find is looked at in the packet itself, in the analyser's
/// order of no consequence, since whatever is out of the ordinary is left to it.
extension Worker {
  /// Sends a plain TCP or UDP packet on within a session, if it is of that session and changes
  /// nothing of it; false, with nothing done, otherwise.
  ///
  /// - Parameter session: a record that may be another session's by now, or nobody's
  @inline(__always)
  mutating func forwardInPlace(
    _ mbuf: OpaquePointer, session: UInt32, _ view: BurstView, link: Int
  ) -> Bool {
    let record = self.record(session)
    guard record.pointee.state == .live, record.pointee.isInUse else { return false }
    let data = shim_mbuf_data(mbuf).unsafelyUnwrapped
    let available = Int(shim_mbuf_data_length(mbuf)) &- link
    let ip = UnsafeRawPointer(data + link)
    let way: UInt32
    if _fastPath(ip.load8(0) == 0x45) {
      way = Self.way(ofIPv4: ip, record)
      guard way != Self.noWay, isWholeIPv4(ip, available) else { return false }
    } else {
      way = Self.way(ofIPv6: ip, record)
      guard way != Self.noWay, isWholeIPv6(ip, available) else { return false }
    }
    guard way != 0 ? view.side.facesClients : view.side.facesServers else { return false }
    return emitInPlace(mbuf, data, record, way, view, link: link)
  }

  private static let noWay: UInt32 = .max

  /// 1 for a packet to the server, 0 for one to the client, `noWay` if it is not the session's. A number,
  /// and worked out without branches, since nothing foretells it.
  @inline(__always)
  private static func way(
    ofIPv4 ip: UnsafeRawPointer, _ record: UnsafeMutablePointer<SessionRecord>
  ) -> UInt32 {
    let addresses = ip.word(12, as: UInt64.self)
    let ports = ip.load32(20)
    let key =
      UInt64(record.pointee.client.ipv4Word) | UInt64(record.pointee.virtual.ipv4Word) << 32
    let isC2S: UInt32 = key == addresses ? 1 : 0
    let isS2C: UInt32 = key == addresses &>> 32 | addresses &<< 32 ? 1 : 0
    // The record's ports have the client's in the low half, those of the packet the source in the high.
    let turn = isC2S &<< 4
    let isOfPorts = record.pointee.ports == ports &<< turn | ports &>> (32 &- turn)
    let isOfKind = record.pointee.kind == UInt32(ip.load8(9)) | 4 << 8
    return (isC2S | isS2C) != 0 && isOfPorts && isOfKind ? isC2S : noWay
  }

  @inline(never)
  private static func way(
    ofIPv6 ip: UnsafeRawPointer, _ record: UnsafeMutablePointer<SessionRecord>
  ) -> UInt32 {
    let tuple = FlowTuple(
      source: ip.ipv6Address(8), destination: ip.ipv6Address(24),
      ports: UInt32(ip.load16(40)) | UInt32(ip.load16(42)) << 16,
      kind: UInt32(ip.load8(6)) | 6 << 8)
    let key = record.pointee.tuple
    return key == tuple ? 1 : key == tuple.reversed ? 0 : noWay
  }

  /// What the analyser asks of an IPv4 packet without options that is no fragment, TTL included.
  @inline(__always)
  private func isWholeIPv4(_ ip: UnsafeRawPointer, _ available: Int) -> Bool {
    let length = Int(ip.load16(2))
    let first = ip.load8(12)
    return length <= available && ip.load8(8) > 1 && first &- 1 < 223 && first != 127
      && Checksum.isValidIPv4Header(ip)
      && isWhole(ip + 20, ip.load8(9), payload: length &- 20)
  }

  @inline(never)
  private mutating func isWholeIPv6(_ ip: UnsafeRawPointer, _ available: Int) -> Bool {
    let payload = Int(ip.load16(4))
    return payload &+ 40 <= available && ip.load8(7) > 1
      && PacketParser.canBeSource(ip.ipv6Address(8))
      && isWhole(ip + 40, ip.load8(6), payload: payload)
  }

  /// A UDP datagram, or a TCP segment that neither begins nor ends anything.
  @inline(__always)
  private func isWhole(
    _ transport: UnsafeRawPointer, _ protocolNumber: UInt8, payload: Int
  ) -> Bool {
    if protocolNumber == ProtocolNumber.udp {
      let length = Int(transport.load16(4))
      return length >= 8 && length <= payload
    }
    guard payload >= 20 else { return false }
    let headerLength = Int(transport.load8(12) &>> 4) &* 4
    let flags = transport.load8(13) & (TCPFlags.fin | TCPFlags.syn | TCPFlags.rst | TCPFlags.ack)
    return headerLength >= 20 && headerLength <= payload && flags == TCPFlags.ack
  }

  @inline(__always)
  private mutating func emitInPlace(
    _ mbuf: OpaquePointer, _ data: UnsafeMutableRawPointer,
    _ record: UnsafeMutablePointer<SessionRecord>, _ way: UInt32, _ view: BurstView, link: Int
  ) -> Bool {
    let flags = record.pointee.flags
    let pair = record.pointee.pair
    let labelled = SessionFlags.serverLabelled | SessionFlags.clientLabelled
    if pair == noIndex && way == 0 && flags & labelled != 0
      && flags & SessionFlags.exhaustedCounted == 0
    {
      return false
    }
    let toServer = record.pointee.adjacencyToServer
    let toClient = record.pointee.adjacencyToClient
    let adjacency = self.adjacency(way != 0 ? toServer : toClient)
    guard adjacency.pointee.length == UInt8(truncatingIfNeeded: link &- 2) else { return false }
    let isLabelled =
      pair != noIndex
      && flags & (way != 0 ? SessionFlags.serverLabelled : SessionFlags.clientLabelled) != 0
    let ip = data + link
    let ttl = ip.load(fromByteOffset: ip.load(as: UInt8.self) == 0x45 ? 8 : 7, as: UInt8.self) &- 1
    if isLabelled {
      guard shim_mbuf_headroom(mbuf) >= 4, view.fits(Int(shim_mbuf_data_length(mbuf)) &+ 4)
      else { return false }
      let label = SessionLabel.s2c(pair) &- way
      data.store32(
        LabelStackEntry(label: label, trafficClass: 0, ttl: ttl).rawValue, link &- 4)
      (data + (link &- 6)).storeBytes(of: WireEthertype.mpls, as: UInt16.self)
      writeAddresses(data - 4, adjacency, link)
      shim_mbuf_move_start(mbuf, -4)
    } else {
      writeAddresses(data, adjacency, link)
    }
    TimeToLive.set(ip, ttl)
    record.pointee.lastSeen = tick
    transmit[Int(adjacency.pointee.port)].append(mbuf)
    return true
  }
}
