import Wire

/// Writes frames of a kind, which differ by their flow's number alone: the client's address is
/// 10.0.0.0 + flow (2001:db8:1:: + flow) and its port 1024 + flow mod 64,000; server flow mod 32 serves
/// it, and its C2S label is 17 + 2 flow.
///
/// UDP checksums of IPv4 are 0, that is, not used (RFC 768); the others are not right, since nothing
/// on the way looks at them.
package struct FrameWriter {
  package let kind: FrameKind
  /// Bytes of a frame.
  package let length: Int
  private let template: UnsafeMutableRawPointer
  /// Bytes that are written: the headers, and what is beside them in a small frame.
  private let written: Int
  private let ip: Int
  private let transport: Int
  /// Ones' complement sum of the IPv4 header without its checksum and the client's address.
  private var sum: UInt32 = 0

  private static let templateBytes = 128

  package init(_ kind: FrameKind) {
    self.kind = kind
    ip = kind.isLabelled ? 18 : 14
    transport = ip + (kind.isIPv6 ? 40 : 20)
    length = max(kind.length, transport + (kind.isSYN ? 20 : 8))
    written = min(length, Self.templateBytes)
    template = .allocate(byteCount: Self.templateBytes, alignment: 64)
    template.initializeMemory(as: UInt8.self, repeating: 0, count: Self.templateBytes)
    writeLink()
    if kind.isIPv6 { writeIPv6() } else { writeIPv4() }
    writeTransport()
  }

  private func copy(_ bytes: [UInt8], _ offset: Int) {
    for (place, byte) in bytes.enumerated() { template.store8(byte, offset + place) }
  }

  private var isToServer: Bool { kind.direction == .toServer }

  private func writeLink() {
    copy(Hosts.appliance, 0)
    copy(isToServer ? Hosts.gateway : Hosts.server(0), 6)
    template.store16(kind.isLabelled ? 0x8847 : kind.isIPv6 ? 0x86dd : 0x0800, 12)
  }

  private var protocolNumber: UInt8 { kind.isSYN ? 6 : 17 }

  private mutating func writeIPv4() {
    template.store16(0x4500, ip)
    template.store16(UInt16(length - ip), ip + 2)
    template.store8(64, ip + 8)
    template.store8(protocolNumber, ip + 9)
    copy(Hosts.vip, ip + (isToServer ? 16 : 12))
    for offset in stride(from: 0, to: 20, by: 2) {
      sum += UInt32(UnsafeRawPointer(template).load16(ip + offset))
    }
  }

  private func writeIPv6() {
    template.store32(0x6000_0000, ip)
    template.store16(UInt16(length - transport), ip + 4)
    template.store8(protocolNumber, ip + 6)
    template.store8(64, ip + 7)
    copy(Hosts.clients6, ip + (isToServer ? 8 : 24))
    copy(Hosts.vip6, ip + (isToServer ? 24 : 8))
  }

  private func writeTransport() {
    let service = kind.isSYN ? Hosts.tcpPort : Hosts.udpPort
    template.store16(service, transport + (isToServer ? 2 : 0))
    if kind.isSYN {
      template.store8(5 << 4, transport + 12)
      template.store8(0x02, transport + 13)
      template.store16(0xffff, transport + 14)
    } else {
      template.store16(UInt16(length - transport), transport + 4)
    }
  }

  /// Writes the headers of a flow's frame; what follows them stays as it is.
  package func write(_ flow: UInt32, to frame: UnsafeMutableRawPointer) {
    frame.copyMemory(from: template, byteCount: written)
    if !isToServer {
      frame.store8(UInt8(truncatingIfNeeded: flow % UInt32(Hosts.serverCount)), 11)
    }
    if kind.isLabelled {
      let label = 17 &+ 2 &* flow &+ (isToServer ? 0 : 1)
      frame.store32(LabelStackEntry(label: label, trafficClass: 0, ttl: 64).rawValue, 14)
    }
    frame.store16(
      UInt16(truncatingIfNeeded: 1024 &+ flow % 64_000), transport + (isToServer ? 0 : 2))
    if kind.isIPv6 {
      frame.store32(flow, ip + (isToServer ? 20 : 36))
    } else {
      writeAddress(10 << 24 | flow & 0xff_ffff, to: frame)
    }
  }

  private func writeAddress(_ address: UInt32, to frame: UnsafeMutableRawPointer) {
    frame.store32(address, ip + (isToServer ? 12 : 16))
    // RFC 1071.
    var total = sum &+ address >> 16 &+ address & 0xffff
    total = total & 0xffff &+ total >> 16
    total = total & 0xffff &+ total >> 16
    frame.store16(~UInt16(truncatingIfNeeded: total), ip + 10)
  }
}
