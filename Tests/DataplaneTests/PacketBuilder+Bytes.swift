extension PacketBuilder {
  /// The frame as it lies on the wire.
  var bytes: Bytes {
    var frame = destination + source
    for tag in tags { frame += big32(tag) }
    frame += big16(ethertype ?? naturalEthertype)
    for (index, entry) in labels.enumerated() {
      let isBottom = entry.isBottom ?? (index == labels.count - 1)
      frame += big32(
        entry.label << 12 | UInt32(entry.trafficClass) << 9 | (isBottom ? 0x100 : 0)
          | UInt32(entry.ttl))
    }
    frame += ipBytes + Bytes(repeating: 0, count: padding)
    return cutTo.map { Bytes(frame.prefix($0)) } ?? frame
  }

  private var naturalEthertype: UInt16 {
    if !labels.isEmpty { return 0x8847 }
    guard let internet else { return 0x88b5 }
    return internet.isIPv4 ? 0x0800 : 0x86dd
  }

  /// The IP packet alone.
  var ipBytes: Bytes {
    guard let internet else { return payload }
    return internet.isIPv4 ? ipv4(internet) : ipv6(internet)
  }

  /// Transport header and payload.
  var ipPayload: Bytes {
    guard let internet else { return payload }
    switch transport {
    case .none:
      return payload
    case .tcp(let tcp):
      let offset = tcp.offsetWords ?? UInt8(5 + tcp.options.count / 4)
      let header =
        big16(tcp.source) + big16(tcp.destination) + big32(tcp.sequence)
        + big32(tcp.acknowledgement) + [offset << 4, tcp.flags.rawValue] + big16(tcp.window)
        + [0, 0, 0, 0] + tcp.options
      return withChecksum(header + payload, at: 16, pseudo: pseudoHeader(internet, 6))
    case .udp(let udp):
      let length = UInt16(udp.length ?? 8 + payload.count)
      let header = big16(udp.source) + big16(udp.destination) + big16(length) + [0, 0]
      return withChecksum(header + payload, at: 6, pseudo: pseudoHeader(internet, 17))
    case .icmp(let type, let code, let rest):
      let message = [type, code, 0, 0] + big32(rest) + payload
      return withChecksum(
        message, at: 2, pseudo: internet.isIPv4 ? { _ in [] } : pseudoHeader(internet, 58))
    }
  }

  var transportNumber: UInt8 {
    if let number = internet?.protocolNumber { return number }
    switch transport {
    case .tcp: return 6
    case .udp: return 17
    case .icmp: return internet?.isIPv4 == true ? 1 : 58
    case .none: return 59
    }
  }

  /// RFC 791 3.1.
  private func ipv4(_ internet: Internet) -> Bytes {
    let content = ipPayload
    let headerLength = 20 + internet.options.count
    let words = internet.headerWords ?? UInt8(headerLength / 4)
    let fragment =
      (internet.dontFragment ? 0x4000 : 0) | (internet.moreFragments ? 0x2000 : 0)
      | internet.fragmentOffset / 8
    var header =
      [(internet.version ?? 4) << 4 | words, internet.serviceByte]
      + big16(UInt16(internet.length ?? headerLength + content.count))
      + big16(UInt16(internet.identification)) + big16(UInt16(fragment))
      + [internet.ttl, transportNumber, 0, 0] + internet.source + internet.destination
      + internet.options
    header.replaceSubrange(10..<12, with: big16(internet.checksum ?? internetChecksum(header)))
    return header + content
  }

  /// RFC 8200 3.
  private func ipv6(_ internet: Internet) -> Bytes {
    var chain = internet.extensions
    if internet.isFragment {
      let field = UInt16(internet.fragmentOffset) | (internet.moreFragments ? 1 : 0)
      chain.append((44, [0] + big16(field) + big32(internet.identification)))
    }
    var content = ipPayload
    var next = transportNumber
    for (number, body) in chain.reversed() {
      content = [next] + body + content
      next = number
    }
    let length = UInt16(internet.length ?? content.count)
    return [(internet.version ?? 6) << 4 | internet.serviceByte >> 4, internet.serviceByte << 4]
      + [0, 0] + big16(length) + [next, internet.ttl] + internet.source + internet.destination
      + content
  }

  /// RFC 9293 3.1 and RFC 8200 8.1, as a function of the upper layer's length.
  private func pseudoHeader(_ internet: Internet, _ number: UInt8) -> (Int) -> Bytes {
    { length in
      internet.source + internet.destination
        + (internet.isIPv4
          ? [0, number] + big16(UInt16(length)) : big32(UInt32(length)) + [0, 0, 0, number])
    }
  }

  private func withChecksum(_ bytes: Bytes, at offset: Int, pseudo: (Int) -> Bytes) -> Bytes {
    var result = bytes
    let sum = internetChecksum(pseudo(bytes.count) + bytes)
    result.replaceSubrange(offset..<offset + 2, with: big16(sum))
    return result
  }
}

/// RFC 1071, word by word.
func internetChecksum(_ bytes: Bytes) -> UInt16 {
  var sum = 0
  for index in stride(from: 0, to: bytes.count, by: 2) {
    sum += Int(bytes[index]) << 8 + (index + 1 < bytes.count ? Int(bytes[index + 1]) : 0)
    if sum > 0xffff { sum -= 0xffff }
  }
  return UInt16(0xffff - sum)
}

func big16(_ value: UInt16) -> Bytes { [UInt8(value >> 8), UInt8(value & 0xff)] }

func big32(_ value: UInt32) -> Bytes {
  big16(UInt16(value >> 16)) + big16(UInt16(value & 0xffff))
}
