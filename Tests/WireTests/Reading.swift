import Testing

@testable import Wire

/// What the packet reader made of a packet.
struct Reading {
  var outcome: UInt8
  var packet: ParsedPacket

  var isAccepted: Bool { outcome == PacketParser.accepted }
  var reason: DropReason? { DropReason(rawValue: outcome) }

  /// Reads bytes that end at a page without access.
  ///
  /// - Parameter total: bytes of the frame; only those given if nil
  init(_ bytes: some Collection<UInt8>, total: Int? = nil) {
    self.init(bytes, total: total, in: PageEnd(capacity: bytes.count))
  }

  init(_ bytes: some Collection<UInt8>, total: Int? = nil, in memory: PageEnd) {
    var packet = ParsedPacket()
    outcome = withExtendedLifetime(memory) {
      PacketParser.parse(
        memory.place(bytes), available: bytes.count, total: total ?? bytes.count, into: &packet)
    }
    self.packet = packet
  }
}

/// Expects a packet to be accepted, or refused for a reason.
func expect(
  _ packet: [UInt8], _ reason: DropReason?, sourceLocation: SourceLocation = #_sourceLocation
) {
  let reading = Reading(packet)
  #expect(reading.reason == reason, sourceLocation: sourceLocation)
  #expect(reading.isAccepted == (reason == nil), sourceLocation: sourceLocation)
}

extension IPAddress {
  /// From the 4 or 16 bytes as they lie in a header.
  init(bytes: [UInt8]) {
    self = bytes.withUnsafeBytes {
      bytes.count == 4 ? $0.baseAddress!.ipv4Address(0) : $0.baseAddress!.ipv6Address(0)
    }
  }
}
