import NIOCore
import Testing

@testable import Management

/// The bytes are scapy's: `ICMP(type=8, id=0x1234, seq=7) / bytes(1...8)`, and so on.
@Suite struct EchoMessageTests {
  private func bytes(_ hexadecimal: String) -> ByteBuffer {
    let digits = Array(hexadecimal.utf8)
    return ByteBuffer(
      bytes: stride(from: 0, to: digits.count, by: 2).map {
        UInt8(String(decoding: digits[$0..<($0 + 2)], as: UTF8.self), radix: 16) ?? 0
      })
  }

  private static let token: UInt64 = 0x0102_0304_0506_0708
  private static let reply = "0000ddb0123400070102030405060708"

  @Test func requests() {
    let plain = EchoMessage.request(.ipv4, identifier: 0x1234, sequence: 7, token: Self.token)
    #expect(plain == bytes("0800d5b0123400070102030405060708"))
    let other = EchoMessage.request(.ipv6, identifier: 0x1234, sequence: 7, token: Self.token)
    #expect(other == bytes("80000000123400070102030405060708"))
  }

  @Test func replies() {
    #expect(EchoMessage.replyToken(.ipv4, bytes(Self.reply), hasHeader: false) == Self.token)
    // Behind an IPv4 header with four bytes of options.
    let packet = "46000028000100004001f3c5c000020bc000020101010101" + Self.reply
    #expect(EchoMessage.replyToken(.ipv4, bytes(packet), hasHeader: true) == Self.token)
    let other = "8100" + Self.reply.dropFirst(4)
    #expect(EchoMessage.replyToken(.ipv6, bytes(other), hasHeader: true) == Self.token)
  }

  @Test func whatIsNoReply() {
    // A request, an unreachable, another code, the other family's reply.
    for type in ["0800", "0301", "0001", "8100"] {
      let message = bytes(type + Self.reply.dropFirst(4))
      #expect(EchoMessage.replyToken(.ipv4, message, hasHeader: false) == nil)
    }
    #expect(EchoMessage.replyToken(.ipv6, bytes(Self.reply), hasHeader: false) == nil)
    // Cut short at every length.
    let packet = "46000028000100004001f3c5c000020bc000020101010101" + Self.reply
    for length in 0..<40 {
      let cut = bytes(String(packet.prefix(length * 2)))
      #expect(EchoMessage.replyToken(.ipv4, cut, hasHeader: true) == nil)
    }
  }
}
