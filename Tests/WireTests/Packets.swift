/// Addresses of documentation (RFC 5737, RFC 3849).
enum Host {
  static let client4: [UInt8] = [198, 51, 100, 7]
  static let service4: [UInt8] = [203, 0, 113, 10]
  static let client6 = hex("20010db8 00010000 00000000 00000007")
  static let service6 = hex("20010db8 ffff0000 00000000 00000010")
}

/// An IPv4 packet. What is not given is right.
func ipv4(
  _ payload: [UInt8], protocolNumber: UInt8, source: [UInt8] = Host.client4,
  destination: [UInt8] = Host.service4, options: [UInt8] = [], version: UInt8 = 4,
  headerWords: UInt8? = nil, totalLength: Int? = nil, identification: UInt16 = 0,
  fragmentField: UInt16 = 0, ttl: UInt8 = 64, checksumError: UInt16 = 0
) -> [UInt8] {
  let words = headerWords ?? UInt8(5 + options.count / 4)
  let length = UInt16(truncatingIfNeeded: totalLength ?? 20 + options.count + payload.count)
  var header: [UInt8] = [version << 4 | words, 0]
  header += length.networkBytes + identification.networkBytes + fragmentField.networkBytes
  header += [ttl, protocolNumber, 0, 0] + source + destination + options
  let checksum = ~plainSum(header) ^ checksumError
  header[10] = UInt8(checksum >> 8)
  header[11] = UInt8(checksum & 0xff)
  return header + payload
}

/// An IPv6 packet. What is not given is right.
func ipv6(
  _ payload: [UInt8], next: UInt8, source: [UInt8] = Host.client6,
  destination: [UInt8] = Host.service6, payloadLength: Int? = nil, hopLimit: UInt8 = 64
) -> [UInt8] {
  let length = UInt16(truncatingIfNeeded: payloadLength ?? payload.count)
  return [0x60, 0, 0, 0] + length.networkBytes + [next, hopLimit] + source + destination + payload
}

/// A TCP segment without its checksum.
func tcp(
  sourcePort: UInt16 = 40_000, destinationPort: UInt16 = 80, sequence: UInt32 = 0x1122_3344,
  acknowledgement: UInt32 = 0x5566_7788, offset: UInt8? = nil, flags: UInt8 = 0x10,
  options: [UInt8] = [], payload: [UInt8] = []
) -> [UInt8] {
  let words = offset ?? UInt8(5 + options.count / 4)
  return sourcePort.networkBytes + destinationPort.networkBytes + sequence.networkBytes
    + acknowledgement.networkBytes + [words << 4, flags, 0x20, 0, 0, 0, 0, 0] + options + payload
}

/// A UDP datagram without its checksum.
func udp(
  sourcePort: UInt16 = 5353, destinationPort: UInt16 = 53, length: Int? = nil,
  payload: [UInt8] = []
) -> [UInt8] {
  sourcePort.networkBytes + destinationPort.networkBytes
    + UInt16(length ?? 8 + payload.count).networkBytes + [0, 0] + payload
}

/// An ICMP or ICMPv6 message without its checksum.
func icmp(type: UInt8, code: UInt8 = 0, body: [UInt8] = []) -> [UInt8] {
  [type, code, 0, 0, 0, 0, 0, 0] + body
}

/// IPv6 extension headers, each to be put in front of what follows it.
enum Extension {
  static let hopByHop: UInt8 = 0
  static let routing: UInt8 = 43
  static let fragment: UInt8 = 44
  static let authentication: UInt8 = 51
  static let destination: UInt8 = 60

  /// Hop-by-hop or destination options, all Pad1 (RFC 8200 4.2).
  ///
  /// - Parameter units: of 8 bytes behind the first 8
  static func options(next: UInt8, units: Int = 0) -> [UInt8] {
    [next, UInt8(units)] + [UInt8](repeating: 0, count: 6 + 8 * units)
  }

  static func routing(
    next: UInt8, type: UInt8, segmentsLeft: UInt8, units: Int = 0
  ) -> [UInt8] {
    [next, UInt8(units), type, segmentsLeft] + [UInt8](repeating: 0, count: 4 + 8 * units)
  }

  /// - Parameter offset: in bytes
  static func fragment(
    next: UInt8, offset: Int, more: Bool, reserved: UInt16 = 0, id: UInt32 = 0xdead_beef
  ) -> [UInt8] {
    let field = UInt16(offset) | reserved << 1 | (more ? 1 : 0)
    return [next, 0] + field.networkBytes + id.networkBytes
  }

  /// - Parameter field: the length in 4-byte units, minus 2 (RFC 4302 2.2)
  static func authentication(next: UInt8, field: Int) -> [UInt8] {
    [next, UInt8(field)] + [UInt8](repeating: 0, count: (field + 2) * 4 - 2)
  }
}
