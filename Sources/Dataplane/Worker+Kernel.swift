import CDPDKShim
import Snapshots
import Wire

/// What is for the appliance itself goes to the kernel, through the twin of the port that it came in
/// by: ARP, neighbour discovery, ping to virtual addresses, and everything to the port's own
/// addresses. TCP and UDP to a virtual address never do.
extension Worker {
  @inline(__always)
  func hasTwin(_ port: Int) -> Bool { self.port(port).pointee.prefixCount != 0 }

  /// A frame to a group of hosts.
  @inline(never)
  mutating func meetLinkMulticast(_ frame: Frame, _ ethertype: UInt16) {
    if ethertype.byteSwapped == Ethertype.arp {
      meetARP(frame)
    } else if ethertype == WireEthertype.ipv6, hasTwin(frame.port),
      Self.isNeighbourDiscovery(frame)
    {
      giveToKernel(frame, .neighbours, from: senderOnLink(frame, Self.source(frame)))
    } else {
      drop(frame.mbuf, .linkMulticast)
    }
  }

  /// A frame to the port that holds no IP, labelled or not.
  @inline(never)
  mutating func meetEthertype(_ frame: Frame, _ ethertype: UInt16) {
    switch ethertype {
    case Ethertype.arp: meetARP(frame)
    case Ethertype.vlan, Ethertype.serviceVLAN, Ethertype.legacyQinQ: drop(frame.mbuf, .vlan)
    case Ethertype.mplsUpstream: drop(frame.mbuf, .ethertype)
    default:
      guard hasTwin(frame.port) else { return drop(frame.mbuf, .ethertype) }
      giveToKernel(frame, .other, from: .stranger)
    }
  }

  private mutating func meetARP(_ frame: Frame) {
    guard hasTwin(frame.port) else { return drop(frame.mbuf, .arp) }
    let packet = UnsafeRawPointer(frame.data + frame.ip)
    // The sender's protocol address (RFC 826).
    let address =
      frame.available &- frame.ip >= 18
      ? packet.ipv4Address(14) : IPAddress(high: 0, low: 0)
    giveToKernel(frame, .neighbours, from: senderOnLink(frame, address))
  }

  /// Of what only hosts of the link can send. A next hop's Ethernet address suffices, since a host may
  /// solicit from any of its addresses, and so does a peer's address: while it is asked for, its Ethernet
  /// address is not known, or may be another one by now.
  private mutating func senderOnLink(_ frame: Frame, _ address: IPAddress) -> KernelSender {
    let port = UInt8(truncatingIfNeeded: frame.port)
    return snapshot.isNextHop(mac: frame.sourceMAC, port: port)
      || snapshot.isPeer(high: address.high, low: address.low, port: port) ? .peer : .stranger
  }

  /// Of what routers pass on, too.
  private mutating func sender(_ frame: Frame) -> KernelSender {
    let address = Self.source(frame)
    return snapshot.isPeer(
      high: address.high, low: address.low, mac: frame.sourceMAC,
      port: UInt8(truncatingIfNeeded: frame.port)) ? .peer : .stranger
  }

  /// The source address of a frame's IP header, which must be whole.
  private static func source(_ frame: Frame) -> IPAddress {
    let ip = UnsafeRawPointer(frame.data + frame.ip)
    return ip.load8(0) >> 4 == 4 ? ip.ipv4Address(12) : ip.ipv6Address(8)
  }

  /// Neighbour discovery (RFC 4861 4), or multicast listener discovery behind its router alert (RFC
  /// 3810 5), to hosts of the link.
  private static func isNeighbourDiscovery(_ frame: Frame) -> Bool {
    let ip = UnsafeRawPointer(frame.data + frame.ip)
    guard frame.available &- frame.ip >= 48, ip.load8(0) >> 4 == 6, ip.load8(24) == 0xff,
      ip.load8(25) & 0x0f == 2
    else { return false }
    switch ip.load8(6) {
    case ProtocolNumber.icmpv6: return isNeighbourDiscovery(type: ip.load8(40))
    case ProtocolNumber.hopByHop: return ip.load8(40) == ProtocolNumber.icmpv6
    default: return false
    }
  }

  /// Solicitations, advertisements and redirects.
  private static func isNeighbourDiscovery(type: UInt8) -> Bool { type >= 133 && type <= 137 }

  /// Ends a packet of no session: to a health check or the kernel, or dropped.
  @inline(never)
  mutating func endOutsideSessions(
    _ frame: Frame, _ packet: ParsedPacket, or reason: DropReason
  ) {
    let probed = probedServer(frame, packet)
    if probed != noIndex { return meetProbeAnswer(frame, packet, server: probed) }
    guard let kind = kernelKind(frame, packet) else { return drop(frame.mbuf, reason) }
    let sender = kind == .neighbours ? senderOnLink(frame, packet.source) : sender(frame)
    giveToKernel(frame, kind, from: sender)
  }

  /// A packet whose time to live is over for whoever forwards it: the kernel does not.
  @inline(never)
  mutating func endOfLife(_ frame: Frame, _ packet: ParsedPacket) {
    guard (frame.ttl >= 0 ? frame.ttl : Int(packet.ttl)) == 1 else {
      return drop(frame.mbuf, .ttl)
    }
    endOutsideSessions(frame, packet, or: .ttl)
  }

  /// A packet that the analyser refuses. An ICMP error may quote what the kernel sent and the
  /// analyser does not read, such as a ping.
  @inline(never)
  mutating func endUnread(_ frame: Frame, rawReason: UInt8) {
    guard rawReason == DropReason.icmpQuote.rawValue, hasTwin(frame.port) else {
      return drop(frame.mbuf, rawReason: rawReason)
    }
    let ip = UnsafeRawPointer(frame.data + frame.ip)
    let destination = ip.load8(0) >> 4 == 4 ? ip.ipv4Address(16) : ip.ipv6Address(24)
    guard isOwn(destination, frame.port) else { return drop(frame.mbuf, rawReason: rawReason) }
    giveToKernel(frame, .icmp, from: sender(frame))
  }

  /// nil if it is not for the port's twin.
  private mutating func kernelKind(_ frame: Frame, _ packet: ParsedPacket) -> KernelKind? {
    guard hasTwin(frame.port) else { return nil }
    let isVirtual = snapshot.isVirtual(
      high: packet.destination.high, low: packet.destination.low)
    guard isVirtual || isOwn(packet.destination, frame.port) else { return nil }
    if packet.has(ParsedPacket.icmpError) { return isVirtual ? nil : .icmp }
    switch packet.protocolNumber {
    case ProtocolNumber.tcp, ProtocolNumber.udp:
      return isVirtual ? nil : .other
    default:
      // The virtual addresses are on the twins of client-side ports.
      if isVirtual && !port(frame.port).pointee.side.facesClients { return nil }
      let type = (frame.data + (frame.ip &+ Int(packet.transportOffset))).load(as: UInt8.self)
      // No router has passed it on, or it is none (RFC 4861 7.1).
      let isDiscovery =
        packet.protocolNumber == ProtocolNumber.icmpv6
        && !packet.has(ParsedPacket.laterFragment) && Self.isNeighbourDiscovery(type: type)
        && (frame.ttl >= 0 ? frame.ttl : Int(packet.ttl)) == 255
      return isDiscovery ? .neighbours : .icmp
    }
  }

  /// Whether an address is the port's own. Every link-local one that comes to its MAC address is.
  private mutating func isOwn(_ address: IPAddress, _ index: Int) -> Bool {
    address.isLinkLocal
      || snapshot.isOwn(high: address.high, low: address.low, port: port(index))
        && !snapshot.isVirtual(high: address.high, low: address.low)
  }

  /// Puts a packet on the ring to the kernel path, as a plain Ethernet frame: tag and labels off, and
  /// the TTL of the label, if there was one, in IP.
  private mutating func giveToKernel(
    _ frame: Frame, _ kind: KernelKind, from sender: KernelSender
  ) {
    let limit = kernelLimits + KernelLimit.place(port: frame.port, kind, sender)
    guard let ring = kernelRing, limit.pointee.take(cost: kernelCost, now: now) else {
      return drop(frame.mbuf, .kernelLimit)
    }
    // Half of the ring is for peers, and for the answers to checks along the path.
    let isFull = sender == .peer ? shim_ring_is_full(ring) : shim_ring_is_half_full(ring)
    if isFull { return drop(frame.mbuf, .kernelFull) }
    let ip = frame.data + frame.ip
    if frame.ttl >= 0 { TimeToLive.set(ip, UInt8(truncatingIfNeeded: frame.ttl)) }
    if frame.ip != 14 {
      let head = UnsafeRawPointer(frame.data)
      let first = head.word(0, as: UInt64.self)
      let second = head.word(8, as: UInt32.self)
      (ip - 14).storeBytes(of: first, as: UInt64.self)
      (ip - 6).storeBytes(of: second, as: UInt32.self)
      if frame.ip != frame.link {
        (ip - 2).storeBytes(of: WireEthertype.ofPacket(ip), as: UInt16.self)
      }
      shim_mbuf_move_start(frame.mbuf, Int32(truncatingIfNeeded: frame.ip &- 14))
    }
    shim_mbuf_set_port(frame.mbuf, UInt16(truncatingIfNeeded: frame.port))
    shim_ring_put(ring, frame.mbuf)
    count(.kernelPackets)
  }

  /// Sends what the twins and the check device sent, by the one worker that has a queue on every port,
  /// and frees the buffers that the kernel path is done with.
  ///
  /// - Returns: how many packets there were to send
  @inline(__always)
  mutating func serveKernel() -> Int {
    shared.hasTwins ? serveTwins() : 0
  }

  @inline(never)
  private mutating func serveTwins() -> Int {
    let limit = UInt32(truncatingIfNeeded: Self.burstSize)
    let done = shim_ring_dequeue(shared.kernelReturns[index].unsafelyUnwrapped, burst, limit)
    if done > 0 { shim_mbuf_free_bulk(burst, done) }
    if probes.sweptAt != tick { sweepProbes() }
    guard index == 0 else { return 0 }
    let count = Int(
      shim_ring_dequeue(shared.fromKernel.unsafelyUnwrapped, burst, limit))
    var place = 0
    while place < count {
      let mbuf = burst[place].unsafelyUnwrapped
      let port = Int(shim_mbuf_port(mbuf))
      place &+= 1
      if port == shared.checkDevice {
        meetProbe(mbuf)
      } else {
        send(mbuf, port: port)
        self.count(.kernelSent)
      }
    }
    return count
  }
}
