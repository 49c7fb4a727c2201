import FuzzSupport
import Wire

// An input is one byte and an IP packet. The byte's low half is how many units of 8 bytes the frame
// has in further buffers. Its highest bit asks for a right IPv4 header checksum: hardly any change
// to a packet would get past that test else.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzAnalyser(_ input: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  if count > 0 && count <= GuardedBytes.capacity {
    var packet = [UInt8](UnsafeBufferPointer(start: input + 1, count: count - 1))
    if input[0] >= 0x80 { writeChecksum(&packet) }
    packet.withUnsafeBytes {
      if let bytes = $0.baseAddress { analyse(bytes, $0.count, further: Int(input[0] & 15) * 8) }
    }
  }
  return 0
}

/// Makes the checksum right if the packet holds a whole IPv4 header (RFC 791 3.1, RFC 1071).
private func writeChecksum(_ packet: inout [UInt8]) {
  guard let first = packet.first, first >> 4 == 4 else { return }
  let length = Int(first & 15) * 4
  guard length >= 20, length <= packet.count else { return }
  packet[10] = 0
  packet[11] = 0
  var sum = 0
  for index in 0..<length { sum += Int(packet[index]) << (index % 2 == 0 ? 8 : 0) }
  while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
  packet[10] = UInt8(~sum >> 8 & 0xff)
  packet[11] = UInt8(~sum & 0xff)
}

private func analyse(_ bytes: UnsafeRawPointer, _ count: Int, further: Int) {
  let total = count + further
  guard let packet = read(bytes, available: count, total: total) else { return }

  let length = Int(packet.ipLength)
  let offset = Int(packet.transportOffset)
  demand(packet.family == 4 || packet.family == 6, "family")
  demand(length <= total, "IP length past the frame")
  demand(offset >= (packet.family == 4 ? 20 : 40), "transport within the IP header")
  demand(offset <= length, "transport past the packet")
  if !packet.has(ParsedPacket.laterFragment) && !packet.has(ParsedPacket.icmpError)
    && packet.protocolNumber == ProtocolNumber.tcp
  {
    demand(packet.tcpHeaderLength >= 20, "TCP header length")
    demand(
      offset + Int(packet.tcpHeaderLength) + Int(packet.tcpPayloadLength) == length,
      "TCP lengths do not add up")
  }

  // Without its last byte the packet contradicts its length.
  if length <= count && length > 0 {
    demand(
      read(bytes, available: length - 1, total: length - 1) == nil, "accepted a cut packet")
    // What the link padded is no part of it.
    let bare = read(bytes, available: length, total: length)
    demand(bare.map { isSame($0, packet) } == true, "padding changed the packet")
  }
  // With less of it in the first buffer the same is read, or nothing.
  let half = count / 2
  if let split = read(bytes, available: half, total: total) {
    demand(isSame(split, packet), "a further buffer changed the packet")
  }
}

/// Parses a copy of the first `available` bytes that ends at a guard page.
private func read(_ bytes: UnsafeRawPointer, available: Int, total: Int) -> ParsedPacket? {
  var packet = ParsedPacket()
  let copy = GuardedBytes.copy(bytes, available)
  let outcome = PacketParser.parse(copy, available: available, total: total, into: &packet)
  if outcome == PacketParser.accepted { return packet }
  demand(DropReason(rawValue: outcome) != nil, "neither accepted nor a reason")
  return nil
}

private func isSame(_ one: ParsedPacket, _ other: ParsedPacket) -> Bool {
  withUnsafeBytes(of: one) { one in
    withUnsafeBytes(of: other) { one.elementsEqual($0) }
  }
}

private func demand(_ holds: Bool, _ what: @autoclosure () -> String) {
  if !holds { fatalError(what()) }
}
