import Testing

@testable import Wire

@Suite struct PartialChecksumTests {
  /// Frames built by scapy 2.5.0, checksums and all; where the upper layer begins, and its field.
  private static let complete: [(frame: [UInt8], start: Int, field: Int)] = [
    // Ether/IP/TCP/"GET / HTTP/1.0\r\n"
    (
      hex(
        """
        020000000001020000020001080045000038000100004006147ac6336407cb00710a9c40005000000001
        0000000250182000bb4d0000474554202f20485454502f312e300d0a
        """), 34, 50
    ),
    // Ether/Dot1Q(vlan=7)/IP/UDP/"query"
    (
      hex(
        """
        020000000001020000020001810000070800450000210001000040111486c6336407cb00710a14e90035
        000d34887175657279
        """), 38, 44
    ),
    // Ether/MPLS(label=0, s=0)/MPLS(label=17, s=1)/IP/TCP/"data"
    (
      hex(
        """
        020000000001020000020001884700000040000111404500002c0001000040061486c6336407cb00710a
        9c400050000000010000000250102000b434000064617461
        """), 42, 58
    ),
    // Ether/IPv6/TCP, a SYN
    (
      hex(
        """
        02000000000102000002000186dd600000000014064020010db800010000000000000000000720010db8
        ffff000000000000000000109c40005000000009000000005002200097bf0000
        """), 54, 70
    ),
    // Ether/IPv6/IPv6ExtHdrDestOpt/UDP/"odd"
    (
      hex(
        """
        02000000000102000002000186dd6000000000133c4020010db800010000000000000000000720010db8
        ffff000000000000000000101100010400 00000014e90035000bbbcb6f6464
        """), 62, 68
    ),
    // Ether/IP/UDP with two bytes that make its sum 0, which is sent as 0xffff (RFC 768)
    (
      hex(
        "02000000000102000002000108004500001e0001000040111489c6336407cb00710a14e90035000affff8476"
      ), 34, 40
    ),
  ]

  /// The frame as a kernel hands it to a device that is to finish it.
  private static func partial(_ frame: [UInt8], start: Int, field: Int) -> [UInt8] {
    let isIPv4 = frame[start - 20] == 0x45
    let addresses = isIPv4 ? frame[start - 8..<start] : frame[22..<54]
    let isUDP = field - start == 6
    let pseudo =
      [UInt8](addresses) + UInt32(frame.count - start).networkBytes + [0, 0, 0, isUDP ? 17 : 6]
    var changed = frame
    changed.replaceSubrange(field..<field + 2, with: plainSum(pseudo).networkBytes)
    return changed
  }

  private func find(_ frame: [UInt8], total: Int? = nil) -> PartialChecksum? {
    var found: PartialChecksum?
    _ = changing(frame) {
      found = PartialChecksum.find($0, available: frame.count, total: total ?? frame.count)
    }
    return found
  }

  @Test(arguments: complete.indices)
  func completesWhatScapyCompleted(index: Int) throws {
    let (frame, start, field) = Self.complete[index]
    let partial = Self.partial(frame, start: start, field: field)
    let found = try #require(find(partial))
    #expect(
      (found.start, found.field, found.length) == (start, field, frame.count - start))
    let checksum = try #require(found.completed(sum: plainSum(partial[start...])))
    #expect(checksum.networkBytes == [UInt8](frame[field..<field + 2]))
    // Of what the link pads nothing counts.
    #expect(find(partial + [1, 2, 3, 4, 5, 6]) == found)
  }

  @Test(arguments: complete.indices)
  func leavesWhatIsComplete(index: Int) {
    #expect(find(Self.complete[index].frame) == nil)
  }

  /// Such a checksum is one in 65,536: the last two bytes are chosen so that the complete checksum is
  /// the sum of the pseudo-header.
  @Test func leavesACompleteOneThatLooksPartial() throws {
    let (frame, start, field) = Self.complete[0]
    var partial = Self.partial(frame, start: start, field: field)
    let end = partial.count
    partial.replaceSubrange(end - 2..<end, with: [0, 0])
    // The upper layer's sum, its field included, must be the complement of the pseudo-header's.
    let pseudo = UInt16(partial[field]) << 8 | UInt16(partial[field + 1])
    let rest = plainSum(partial[start...])
    partial.replaceSubrange(
      end - 2..<end, with: plainSum((~rest).networkBytes + (~pseudo).networkBytes).networkBytes)
    #expect(transportSum([UInt8](partial[14...]), offset: 20, protocolNumber: 6) == 0xffff)
    let found = try #require(find(partial))
    #expect(found.completed(sum: plainSum(partial[start...])) == nil)
  }

  /// A wrong checksum stays wrong: whoever receives it is to see that.
  @Test func leavesAWrongOne() {
    let (frame, start, field) = Self.complete[0]
    var wrong = Self.partial(frame, start: start, field: field)
    wrong[field] ^= 0x01
    #expect(find(wrong) == nil)
  }

  /// UDP over IPv4 may do without a checksum (RFC 768); fragments have none of their own.
  @Test func leavesWhatHasNone() {
    let (frame, _, field) = Self.complete[1]
    var without = frame
    without.replaceSubrange(field..<field + 2, with: [0, 0])
    #expect(find(without) == nil)
    let (tcp, start, place) = Self.complete[0]
    let partial = Self.partial(tcp, start: start, field: place)
    let payload = [UInt8](partial[start...])
    for fragmentField in [0x2000, 0x0001, 0x2001] as [UInt16] {
      let packet = ipv4(payload, protocolNumber: 6, fragmentField: fragmentField)
      #expect(find([UInt8](partial.prefix(14)) + packet) == nil)
    }
    #expect(find([UInt8](partial.prefix(14)) + ipv4(payload, protocolNumber: 47)) == nil)
    #expect(find([UInt8](partial.prefix(12)) + [0x08, 0x06] + partial[14...]) == nil)
  }

  /// Nothing is read behind the end, however much is there.
  @Test(arguments: complete.indices)
  func leavesWhatIsCutShort(index: Int) {
    let (frame, start, field) = Self.complete[index]
    let partial = Self.partial(frame, start: start, field: field)
    for count in 0..<partial.count {
      #expect(find([UInt8](partial.prefix(count))) == nil)
    }
    // In a chain the headers must lie in the first buffer; the rest may follow.
    let isTCP = field - start == 16
    let headers = start + (isTCP ? 20 : 8)
    #expect(find([UInt8](partial.prefix(headers)), total: partial.count)?.start == start)
    #expect(find([UInt8](partial.prefix(headers - 1)), total: partial.count) == nil)
  }
}
