import NIOCore
import Wire

/// ICMP echo messages (RFC 792, RFC 4443 4): a header of 8 bytes, and a token of 8 that the answer
/// brings back.
enum EchoMessage {
  enum Family: Sendable {
    case ipv4, ipv6

    fileprivate var requestType: UInt8 { self == .ipv4 ? 8 : 128 }
    fileprivate var replyType: UInt8 { self == .ipv4 ? 0 : 129 }
  }

  static let length = 16

  /// - Parameter identifier: what a raw socket sends; others have the kernel's
  static func request(
    _ family: Family, identifier: UInt16, sequence: UInt16, token: UInt64
  ) -> ByteBuffer {
    var message = ByteBuffer()
    message.reserveCapacity(length)
    message.writeInteger(family.requestType)
    message.writeInteger(UInt8(0))
    message.writeInteger(UInt16(0))
    message.writeInteger(identifier)
    message.writeInteger(sequence)
    message.writeInteger(token)
    // With ICMPv6 the kernel does it: the pseudo-header's source is its choice (RFC 3542 3.1).
    if family == .ipv4 {
      let sum = unsafe message.withUnsafeReadableBytes { bytes in
        unsafe bytes.baseAddress.map { unsafe Checksum.sum($0, count: bytes.count) } ?? 0
      }
      message.setInteger(~sum, at: 2)
    }
    return message
  }

  /// The token of an echo reply, nil of anything else.
  ///
  /// - Parameter hasHeader: whether the IPv4 header comes first, as it does from a raw socket
  static func replyToken(_ family: Family, _ packet: ByteBuffer, hasHeader: Bool) -> UInt64? {
    var packet = packet
    if family == .ipv4, hasHeader {
      guard let first: UInt8 = packet.getInteger(at: packet.readerIndex),
        packet.readSlice(length: Int(first & 15) * 4) != nil
      else { return nil }
    }
    guard packet.readableBytes >= length,
      packet.getInteger(at: packet.readerIndex) == family.replyType,
      packet.getInteger(at: packet.readerIndex + 1) == UInt8(0)
    else { return nil }
    return packet.getInteger(at: packet.readerIndex + 8)
  }
}
