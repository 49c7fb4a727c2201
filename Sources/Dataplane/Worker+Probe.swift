import CDPDKShim
import Labels
import Sessions
import Snapshots
import Wire

/// Health checks along the traffic's path: connections that the kernel opens to virtual addresses, in
/// a namespace of their own, whose source port names the server (`ProbePort`). They go to that server
/// whatever the scheduler thinks of it, by its next hop and with a label pair if it is a label
/// endpoint, and are no sessions: nothing of them is admitted, scheduled, promoted or counted as one.
/// Their pair stays embryonic, so that what comes back is analysed.
extension Worker {
  /// A frame that the check device sent.
  @inline(never)
  mutating func meetProbe(_ mbuf: OpaquePointer) {
    let length = Int(shim_mbuf_data_length(mbuf))
    guard shim_mbuf_is_plain(mbuf), length >= 34 else { return discard(mbuf) }
    let data = shim_mbuf_data(mbuf).unsafelyUnwrapped
    let ethertype = UnsafeRawPointer(data).word(12, as: UInt16.self)
    var packet = ParsedPacket()
    // Its kernel has a word of neighbours and groups to say, too.
    guard ethertype == WireEthertype.ipv4 || ethertype == WireEthertype.ipv6,
      PacketParser.parsePlain(data + 14, available: length &- 14, into: &packet)
        == PacketParser.accepted,
      packet.protocolNumber == ProtocolNumber.tcp,
      packet.traits & ~ParsedPacket.dontFragment == 0
    else { return discard(mbuf) }
    if shared.workers > 1 {
      let owner = self.owner(packet)
      if owner != index { return passProbe(mbuf, to: owner) }
    }
    let frame = Frame(
      mbuf: mbuf, data: data, available: length, total: length, port: shared.checkDevice, link: 14,
      ip: 14, note: HandoverNote(.probe))
    sendProbe(frame, packet)
  }

  /// To the worker that the answer will come to.
  private mutating func passProbe(_ mbuf: OpaquePointer, to worker: Int) {
    let ring = shared.rings[index &* shared.workers &+ worker].unsafelyUnwrapped
    if shim_ring_is_full(ring) {
      count(.healthUnsent)
      return discard(mbuf)
    }
    shim_mbuf_set_note(mbuf, HandoverNote(.probe).word)
    shim_ring_put(ring, mbuf)
  }

  private mutating func sendProbe(_ frame: Frame, _ packet: ParsedPacket) {
    let slot = ProbePort.server(packet.sourcePort)
    guard slot < probes.capacity else { return discard(frame.mbuf) }
    let entry = probes[slot]
    let index = wayOfProbe(slot, packet)
    guard index != noIndex, Int(packet.ipLength) <= Int(adjacency(index).pointee.mtu) else {
      entry.pointee.unsent &+= 1
      count(.healthUnsent)
      return discard(frame.mbuf)
    }
    let ip = frame.data + frame.ip
    if packet.isInitialSYN { beginProbe(slot, packet, adjacency: index) }
    entry.pointee.lastSeen = tick
    let isLabelled =
      entry.pointee.pair != 0 && snapshot.servers[Int(slot)].labels && !Self.asksForNoLabel(ip)
    if packet.hasTCPFlag(TCPFlags.syn), packet.tcpHeaderLength > 20 {
      let mtu = adjacency(index).pointee.mtu
      clampSegmentSize(frame, packet, mtu, mtu, labelBytes: 4)
    }
    emitProbe(
      frame, packet, adjacency(index),
      label: isLabelled ? SessionLabel.c2s(entry.pointee.pair) : 0)
    // A check always ends with its reset.
    if packet.hasTCPFlag(TCPFlags.rst) { endProbe(slot) }
  }

  /// The adjacency of the server that a check names: one of a service at the address that it asks, on
  /// a port that has the address that it comes from. `noIndex` without one.
  private mutating func wayOfProbe(_ slot: UInt32, _ packet: ParsedPacket) -> UInt32 {
    guard isProbed(slot, at: packet.destination), packet.ttl > 1 else { return noIndex }
    let index = snapshot.servers[Int(slot)].adjacency
    guard index != noIndex, adjacency(index).pointee.length != 0 else { return noIndex }
    let egress = port(Int(adjacency(index).pointee.port))
    return snapshot.isOwn(high: packet.source.high, low: packet.source.low, port: egress)
      ? index : noIndex
  }

  /// Whether a slot is a server's, of a service at a virtual address.
  private mutating func isProbed(_ slot: UInt32, at address: IPAddress) -> Bool {
    guard Int(slot) < snapshot.serverCount, slot < probes.capacity else { return false }
    let server = snapshot.servers + Int(slot)
    guard server.pointee.inUse else { return false }
    let service = snapshot.services + Int(server.pointee.serviceSlot)
    return service.pointee.addressHigh == address.high && service.pointee.addressLow == address.low
  }

  /// A check's SYN. One that follows a check which was never ended, or its own first, has that one's
  /// pair.
  private mutating func beginProbe(_ slot: UInt32, _ packet: ParsedPacket, adjacency index: UInt32)
  {
    let entry = probes[slot]
    entry.pointee.left = ProbeTable.answerLimit
    probes.top = max(probes.top, slot &+ 1)
    guard snapshot.servers[Int(slot)].labels else { return }
    if entry.pointee.pair == 0 {
      // Past the embryonic share, or when all are given, it goes plain, as a session's SYN would.
      guard case .pair(let pair) = labels.take(now: tick) else { return }
      entry.pointee.pair = pair
    }
    let egress = adjacency(index).pointee.port
    let number = packet.protocolNumber
    let c2s = shared.guardDigest.word(
      source: packet.source, destination: packet.destination, sourcePort: packet.sourcePort,
      destinationPort: packet.destinationPort, protocolNumber: number)
    let s2c = shared.guardDigest.word(
      source: packet.destination, destination: packet.source, sourcePort: packet.destinationPort,
      destinationPort: packet.sourcePort, protocolNumber: number)
    labels.publish(
      entry.pointee.pair,
      c2s: LabelEntry(
        state: .embryonic, pop: false, port: egress, adjacency: index, guardWord: c2s),
      s2c: LabelEntry(state: .embryonic, pop: true, port: egress, adjacency: index, guardWord: s2c))
  }

  private mutating func endProbe(_ slot: UInt32) {
    let entry = probes[slot]
    entry.pointee.left = 0
    guard entry.pointee.pair != 0 else { return }
    labels.withdraw(entry.pointee.pair, now: tick)
    entry.pointee.pair = 0
  }

  /// The differentiated services codepoint of a check that finds out whether the server answers
  /// without a label (RFC 2474 3: any but 0 will do).
  private static func asksForNoLabel(_ ip: UnsafeMutableRawPointer) -> Bool {
    let bytes = UnsafeRawPointer(ip)
    return bytes.load8(0) &>> 4 == 4
      ? bytes.load8(1) & 0xfc != 0 : bytes.load16(0) & 0x0fc0 != 0
  }

  /// As `emit` sends a client's packet on, but counted as the kernel's.
  private mutating func emitProbe(
    _ frame: Frame, _ packet: ParsedPacket, _ adjacency: UnsafePointer<Adjacency>, label: UInt32
  ) {
    let ip = frame.data + frame.ip
    let ttl = packet.ttl &- 1
    TimeToLive.set(ip, ttl)
    let isLabelled = label != 0 && Int(packet.ipLength) &+ 4 <= Int(adjacency.pointee.mtu)
    if isLabelled {
      ip.store32(LabelStackEntry(label: label, trafficClass: 0, ttl: ttl).rawValue, -4)
    }
    // The kernel path's buffers have room before the frame.
    guard
      writeLink(
        frame.mbuf, frame.data, adjacency,
        ethertype: isLabelled ? WireEthertype.mpls : WireEthertype.ofPacket(ip),
        before: isLabelled ? frame.ip &- 4 : frame.ip)
    else { return }
    count(.kernelSent)
    send(frame.mbuf, port: Int(adjacency.pointee.port))
  }

  /// The slot of the server whose check a packet answers; `noIndex` if it answers none. An ICMP error
  /// about a check's packet is an answer too.
  @inline(never)
  mutating func probedServer(_ frame: Frame, _ packet: ParsedPacket) -> UInt32 {
    guard hasTwin(frame.port), packet.protocolNumber == ProtocolNumber.tcp,
      !packet.has(ParsedPacket.laterFragment),
      snapshot.isOwn(
        high: packet.destination.high, low: packet.destination.low, port: port(frame.port))
    else { return noIndex }
    let slot = ProbePort.server(packet.destinationPort)
    return isProbed(slot, at: packet.source) ? slot : noIndex
  }

  /// An answer to a server's check; to the kernel with it, without its label.
  @inline(never)
  mutating func meetProbeAnswer(_ frame: Frame, _ packet: ParsedPacket, server slot: UInt32) {
    let entry = probes[slot]
    let isError = packet.has(ParsedPacket.icmpError)
    // Only the server itself shows that it is there.
    guard isError || frame.sourceMAC == snapshot.servers[Int(slot)].mac else {
      return drop(frame.mbuf, .notServer)
    }
    guard entry.pointee.left > 0, let ring = kernelRing else { return drop(frame.mbuf, .probe) }
    if shim_ring_is_full(ring) { return drop(frame.mbuf, .kernelFull) }
    entry.pointee.left &-= 1
    entry.pointee.lastSeen = tick
    entry.pointee.answers &+= 1
    if !isError {
      // A SYN-ACK has the label that its SYN taught (protocol section 6); a RST has none.
      if packet.hasTCPFlag(TCPFlags.syn), entry.pointee.pair != 0, frame.pair != entry.pointee.pair
      {
        entry.pointee.unlabelled &+= 1
      }
      if packet.hasTCPFlag(TCPFlags.rst) { endProbe(slot) }
    }
    giveToCheckDevice(frame, ring)
  }

  /// A packet whose label names a pair that no session has; false if it is no check's either.
  @inline(never)
  mutating func meetLabelledProbeAnswer(_ frame: Frame, _ packet: ParsedPacket) -> Bool {
    let slot = probedServer(frame, packet)
    guard slot != noIndex, probes[slot].pointee.pair == frame.pair else { return false }
    meetProbeAnswer(frame, packet, server: slot)
    return true
  }

  private mutating func giveToCheckDevice(_ frame: Frame, _ ring: OpaquePointer) {
    let ip = frame.data + frame.ip
    if frame.ttl >= 0 { TimeToLive.set(ip, UInt8(truncatingIfNeeded: frame.ttl)) }
    let head = ip - 14
    head.storeBytes(of: KernelPath.checkMAC, as: UInt64.self)
    head.storeBytes(of: 0, toByteOffset: 8, as: UInt32.self)
    head.storeBytes(of: WireEthertype.ofPacket(ip), toByteOffset: 12, as: UInt16.self)
    shim_mbuf_move_start(frame.mbuf, Int32(truncatingIfNeeded: frame.ip &- 14))
    shim_mbuf_set_port(frame.mbuf, UInt16(truncatingIfNeeded: shared.checkDevice))
    shim_ring_put(ring, frame.mbuf)
    count(.kernelPackets)
  }

  /// Slots that are looked at in one tick.
  private static var probesAtOnce: UInt32 { 64 }

  /// Takes back the pairs of checks whose server did not answer, once they are idle as long as a
  /// session may be embryonic.
  @inline(never)
  mutating func sweepProbes() {
    probes.sweptAt = tick
    if probes.cursor >= probes.top { probes.cursor = 0 }
    let end = min(probes.cursor &+ Self.probesAtOnce, probes.top)
    while probes.cursor < end {
      let entry = probes[probes.cursor]
      if entry.pointee.pair != 0,
        tick &- entry.pointee.lastSeen > snapshot.settings.pointee.tcpEmbryonic
      {
        endProbe(probes.cursor)
      }
      probes.cursor &+= 1
    }
  }
}
