import Labels
import Wire

extension Worker {
  /// Whether the inner packet is one of the session and direction that the entry was made for
  /// (protocol section 3.3): both halves of the guard, of a fragment that is not the first the
  /// addresses alone.
  ///
  /// Plain packets never come here: the look ahead has their guard.
  @inline(never)
  mutating func guardHolds(_ entry: LabelEntry, _ frame: Frame) -> Bool {
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
}
