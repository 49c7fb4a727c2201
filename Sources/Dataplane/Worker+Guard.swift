import Labels
import Wire

extension Worker {
  /// Whether the inner packet is one of the session that the entry was made for (protocol section
  /// 3.3): both halves of the guard, of a fragment that is not the first the addresses alone.
  @inline(__always)
  mutating func guardHolds(_ entry: LabelEntry, _ frame: Frame, isC2S: Bool) -> Bool {
    let ip = UnsafeRawPointer(frame.data) + frame.ip
    let available = frame.available &- frame.ip
    guard available >= 24, ip.load8(0) == 0x45 else {
      return guardHoldsUncommonly(entry, frame, isC2S: isC2S)
    }
    let source = ip.word(12, as: UInt32.self)
    let destination = ip.word(16, as: UInt32.self)
    let addresses = shared.guardDigest.addresses(
      clientIPv4: isC2S ? source : destination, virtualIPv4: isC2S ? destination : source,
      protocolNumber: ip.load8(9))
    guard addresses == entry.guardAddresses else { return false }
    if ip.word(6, as: UInt16.self) & 0xff1f != 0 { return true }
    return portsHold(entry, ip + 20, isC2S: isC2S)
  }

  @inline(__always)
  private func portsHold(_ entry: LabelEntry, _ transport: UnsafeRawPointer, isC2S: Bool) -> Bool {
    let source = transport.load16(0)
    let destination = transport.load16(2)
    return shared.guardDigest.ports(
      client: isC2S ? source : destination, virtual: isC2S ? destination : source)
      == entry.guardPorts
  }

  /// IPv6, IPv4 with options, and packets too short for the above.
  @inline(never)
  private mutating func guardHoldsUncommonly(
    _ entry: LabelEntry, _ frame: Frame, isC2S: Bool
  ) -> Bool {
    let ip = UnsafeRawPointer(frame.data) + frame.ip
    let available = frame.available &- frame.ip
    if available >= 44, ip.load8(0) >> 4 == 6,
      ip.load8(6) == ProtocolNumber.tcp || ip.load8(6) == ProtocolNumber.udp
    {
      let source = ip.ipv6Address(8)
      let destination = ip.ipv6Address(24)
      let addresses = shared.guardDigest.addresses(
        client: isC2S ? source : destination, virtual: isC2S ? destination : source,
        protocolNumber: ip.load8(6))
      return addresses == entry.guardAddresses && portsHold(entry, ip + 40, isC2S: isC2S)
    }
    var packet = ParsedPacket()
    // Whatever the analyser refuses matches no session; the packet is then analysed, and dropped
    // for its own reason.
    guard
      PacketParser.parse(
        ip, available: available, total: frame.total &- frame.ip, into: &packet)
        == PacketParser.accepted, !packet.has(ParsedPacket.icmpError)
    else { return false }
    let addresses = shared.guardDigest.addresses(
      client: isC2S ? packet.source : packet.destination,
      virtual: isC2S ? packet.destination : packet.source, protocolNumber: packet.protocolNumber)
    guard addresses == entry.guardAddresses else { return false }
    if packet.has(ParsedPacket.laterFragment) { return true }
    return shared.guardDigest.ports(
      client: isC2S ? packet.sourcePort : packet.destinationPort,
      virtual: isC2S ? packet.destinationPort : packet.sourcePort) == entry.guardPorts
  }
}
