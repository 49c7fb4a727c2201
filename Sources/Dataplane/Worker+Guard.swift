import Labels
import Wire

extension Worker {
  /// Whether the inner packet is one of the session and direction that the entry was made for
  /// (protocol section 3.3): both halves of the guard, of a fragment that is not the first the
  /// addresses alone. Nothing else of the packet is looked at.
  @inline(never)
  mutating func guardHolds(_ entry: LabelEntry, _ frame: Frame) -> Bool {
    let ip = UnsafeRawPointer(frame.data) + frame.ip
    let available = frame.available &- frame.ip
    if available >= 24, ip.load8(0) == 0x45 {
      let word = guardWord(ofIPv4: ip)
      return ip.word(6, as: UInt16.self) & 0xff1f == 0
        ? word == entry.guardWord : UInt16(truncatingIfNeeded: word) == entry.guardAddresses
    }
    if available >= 44, ip.load8(0) &>> 4 == 6,
      ip.load8(6) == ProtocolNumber.tcp || ip.load8(6) == ProtocolNumber.udp
    {
      return guardWord(ofIPv6: ip) == entry.guardWord
    }
    return guardHoldsUncommonly(entry, frame)
  }

  /// Options, extension headers, and packets too short for the above.
  private mutating func guardHoldsUncommonly(_ entry: LabelEntry, _ frame: Frame) -> Bool {
    var packet = ParsedPacket()
    // Whatever the analyser refuses matches no session; the packet is then analysed, and dropped
    // for its own reason.
    guard
      PacketParser.parse(
        frame.data + frame.ip, available: frame.available &- frame.ip,
        total: frame.total &- frame.ip, into: &packet)
        == PacketParser.accepted, !packet.has(ParsedPacket.icmpError)
    else { return false }
    let addresses = shared.guardDigest.addresses(
      source: packet.source, destination: packet.destination,
      protocolNumber: packet.protocolNumber)
    guard addresses == entry.guardAddresses else { return false }
    if packet.has(ParsedPacket.laterFragment) { return true }
    return shared.guardDigest.ports(source: packet.sourcePort, destination: packet.destinationPort)
      == entry.guardPorts
  }

  /// The guard of an IPv4 packet without options, 24 bytes of which are readable.
  @inline(__always)
  func guardWord(ofIPv4 ip: UnsafeRawPointer) -> UInt32 {
    shared.guardDigest.word(
      addresses: ip.word(12, as: UInt64.self), ports: ip.word(20, as: UInt32.self),
      protocolNumber: ip.load8(9))
  }

  /// The guard of an IPv6 packet whose upper layer follows the header, 44 bytes of which are readable.
  @inline(__always)
  func guardWord(ofIPv6 ip: UnsafeRawPointer) -> UInt32 {
    shared.guardDigest.word(
      source: ip.ipv6Address(8), destination: ip.ipv6Address(24), sourcePort: ip.load16(40),
      destinationPort: ip.load16(42), protocolNumber: ip.load8(6))
  }
}
