/// One netlink message to the kernel (RFC 3549 2.3, netlink(7)): a header, the fixed part of its
/// type, and attributes, each padded to four bytes. Numbers are in the machine's byte order, which
/// DPDK's machines here have little-endian.
struct NetlinkMessage: Equatable {
  /// Of `nlmsg_flags`.
  enum Flags {
    static let request: UInt16 = 0x1
    static let acknowledge: UInt16 = 0x4
    static let dump: UInt16 = 0x300
    static let replace: UInt16 = 0x100
    static let exclusive: UInt16 = 0x200
    static let create: UInt16 = 0x400
  }

  private(set) var bytes: [UInt8] = []

  /// - Parameter flags: beside `request`
  init(type: UInt16, flags: UInt16) {
    append(UInt32(0))
    append(type)
    append(flags | Flags.request)
    append(UInt32(0))
    append(UInt32(0))
  }

  mutating func append<Number: FixedWidthInteger>(_ number: Number) {
    var rest = number
    for _ in 0..<Number.bitWidth / 8 {
      bytes.append(UInt8(truncatingIfNeeded: rest))
      rest = Number.bitWidth > 8 ? rest >> 8 : 0
    }
  }

  mutating func attribute(_ type: UInt16, _ content: [UInt8]) {
    append(UInt16(4 + content.count))
    append(type)
    bytes += content
    pad()
  }

  mutating func attribute<Number: FixedWidthInteger>(_ type: UInt16, _ number: Number) {
    attribute(
      type, (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) })
  }

  /// An attribute that holds attributes.
  mutating func nest(_ type: UInt16, _ body: (inout NetlinkMessage) -> Void) {
    let start = bytes.count
    append(UInt16(0))
    append(type)
    body(&self)
    write(UInt16(bytes.count - start), at: start)
  }

  private mutating func pad() {
    while bytes.count % 4 != 0 { bytes.append(0) }
  }

  private mutating func write<Number: FixedWidthInteger>(_ number: Number, at place: Int) {
    for byte in 0..<Number.bitWidth / 8 {
      bytes[place + byte] = UInt8(truncatingIfNeeded: number >> (8 * byte))
    }
  }

  /// The whole message, with its length and a sequence number in place.
  func finished(sequence: UInt32) -> [UInt8] {
    var message = self
    message.write(UInt32(bytes.count), at: 0)
    message.write(sequence, at: 8)
    return message.bytes
  }
}
