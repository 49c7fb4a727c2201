import TestSupport
import Testing

@testable import Wire

/// Label tests in the protocol's order: length, explicit null, reserved, S, TTL, payload nibble.
@Suite struct LabelInspectorTests {
  static func inspect(_ bytes: some Collection<UInt8>, total: Int? = nil) -> LabelInspection {
    let memory = PageEnd(capacity: bytes.count)
    return withExtendedLifetime(memory) {
      LabelInspector.inspect(
        memory.place(bytes), available: bytes.count, total: total ?? bytes.count)
    }
  }

  static func entry(_ label: UInt32, bottom: Bool, ttl: UInt8, trafficClass: UInt32 = 0) -> [UInt8]
  {
    (label << 12 | trafficClass << 9 | (bottom ? 0x100 : 0) | UInt32(ttl)).networkBytes
  }

  /// MPLS(label=17, cos=5, s=1, ttl=64) by scapy 2.5.0, before an IPv4 packet.
  @Test func oneSessionLabel() {
    let found = Self.inspect(hex("00011b40 45000020"))
    #expect(found.outcome == PacketParser.accepted)
    #expect(found.hasSessionLabel)
    #expect(!found.hadExplicitNull)
    #expect(found.entry.label == 17)
    #expect(found.entry.trafficClass == 5)
    #expect(found.entry.isBottom)
    #expect(found.entry.ttl == 64)
    #expect(found.stackLength == 4)
  }

  /// MPLS(label=0, s=0, ttl=9)/MPLS(label=1048574, cos=7, s=1, ttl=64) by scapy 2.5.0. Explicit null
  /// hands on its TTL (RFC 3443 3.1), not its traffic class.
  @Test func nullAboveSessionLabel() {
    let found = Self.inspect(hex("00000009 ffffef40 45000020"))
    #expect(found.outcome == PacketParser.accepted)
    #expect(found.hasSessionLabel)
    #expect(found.hadExplicitNull)
    #expect(found.entry.label == 1_048_574)
    #expect(found.entry.trafficClass == 7)
    #expect(found.entry.ttl == 9)
    #expect(found.entry.isBottom)
    #expect(found.stackLength == 8)
  }

  @Test func stackedNullsHandOnTheOutermostTTL() {
    let stack =
      Self.entry(2, bottom: false, ttl: 7) + Self.entry(0, bottom: false, ttl: 200)
      + Self.entry(2, bottom: false, ttl: 0) + Self.entry(19, bottom: true, ttl: 255)
    let found = Self.inspect(stack + [0x60])
    #expect(found.outcome == PacketParser.accepted)
    #expect(found.hasSessionLabel)
    #expect(found.entry.label == 19)
    #expect(found.entry.ttl == 7)
    #expect(found.stackLength == 16)
  }

  @Test(
    arguments: [
      (0, 0x45, true), (0, 0x60, false), (2, 0x60, true), (2, 0x45, false), (0, 0x50, false),
      (2, 0x00, false),
    ] as [(UInt32, UInt8, Bool)])
  func explicitNullAlone(label: UInt32, first: UInt8, isAccepted: Bool) {
    for ttl in [0, 1, 2, 255] as [UInt8] {
      let found = Self.inspect(Self.entry(label, bottom: true, ttl: ttl) + [first])
      guard ttl > 1, isAccepted else {
        // The TTL is tested before the payload.
        #expect(DropReason(rawValue: found.outcome) == (ttl > 1 ? .labelPayload : .ttl))
        continue
      }
      #expect(found.outcome == PacketParser.accepted)
      #expect(found.hadExplicitNull)
      #expect(!found.hasSessionLabel)
      #expect(found.entry.ttl == ttl)
      #expect(found.stackLength == 4)
    }
  }

  @Test func stackedNullsAlone() {
    // The last one says what follows.
    let found = Self.inspect(
      Self.entry(0, bottom: false, ttl: 33) + Self.entry(2, bottom: true, ttl: 99) + [0x60])
    #expect(found.outcome == PacketParser.accepted)
    #expect(found.hadExplicitNull)
    #expect(!found.hasSessionLabel)
    #expect(found.entry.ttl == 33)
    #expect(found.stackLength == 8)
    let wrong = Self.inspect(
      Self.entry(0, bottom: false, ttl: 33) + Self.entry(2, bottom: true, ttl: 99) + [0x45])
    #expect(DropReason(rawValue: wrong.outcome) == .labelPayload)
  }

  @Test func whateverFollowsTheNullSessionLabel() {
    for first in [0x45, 0x60] as [UInt8] {
      let found = Self.inspect(
        Self.entry(0, bottom: false, ttl: 9) + Self.entry(17, bottom: true, ttl: 9) + [first])
      #expect(found.outcome == PacketParser.accepted)
    }
  }

  @Test(arguments: 0..<16)
  func reserved(label: UInt32) {
    let isNull = label == 0 || label == 2
    let single = Self.inspect(Self.entry(label, bottom: true, ttl: 64) + [label == 2 ? 0x60 : 0x45])
    #expect(DropReason(rawValue: single.outcome) == (isNull ? nil : .labelReserved))
    let below = Self.inspect(
      Self.entry(0, bottom: false, ttl: 64) + Self.entry(label, bottom: true, ttl: 64)
        + [label == 2 ? 0x60 : 0x45])
    #expect(DropReason(rawValue: below.outcome) == (isNull ? nil : .labelReserved))
  }

  @Test(arguments: [16, 17, 18, 1_048_574, 1_048_575] as [UInt32])
  func sessionLabels(label: UInt32) {
    let found = Self.inspect(Self.entry(label, bottom: true, ttl: 2) + [0x60])
    #expect(found.outcome == PacketParser.accepted)
    #expect(found.hasSessionLabel)
    #expect(found.entry.label == label)
  }

  @Test(arguments: [(0, .ttl), (1, .ttl), (2, nil), (255, nil)] as [(UInt8, DropReason?)])
  func ttl(ttl: UInt8, reason: DropReason?) {
    let single = Self.inspect(Self.entry(17, bottom: true, ttl: ttl) + [0x45])
    #expect(DropReason(rawValue: single.outcome) == reason)
    // The outer TTL counts, not the session label's own.
    let below = Self.inspect(
      Self.entry(0, bottom: false, ttl: ttl) + Self.entry(17, bottom: true, ttl: 64) + [0x45])
    #expect(DropReason(rawValue: below.outcome) == reason)
    let own = Self.inspect(
      Self.entry(0, bottom: false, ttl: 64) + Self.entry(17, bottom: true, ttl: ttl) + [0x45])
    #expect(own.outcome == PacketParser.accepted)
  }

  @Test(arguments: 0..<16)
  func payloadNibble(nibble: UInt8) {
    for low in [0, 5, 15] as [UInt8] {
      let found = Self.inspect(Self.entry(17, bottom: true, ttl: 64) + [nibble << 4 | low])
      #expect(
        DropReason(rawValue: found.outcome) == (nibble == 4 || nibble == 6 ? nil : .labelPayload))
    }
  }

  /// Each packet fails a test and also those behind it.
  @Test func order() {
    let cases: [([UInt8], DropReason)] = [
      (Self.entry(3, bottom: false, ttl: 0), .labelShort),
      (Self.entry(0, bottom: true, ttl: 64), .labelShort),
      (Self.entry(3, bottom: false, ttl: 0) + [0x50], .labelReserved),
      (Self.entry(17, bottom: false, ttl: 0) + [0x50], .labelStack),
      (Self.entry(17, bottom: true, ttl: 1) + [0x50], .ttl),
      (Self.entry(17, bottom: true, ttl: 2) + [0x50], .labelPayload),
      (Self.entry(0, bottom: false, ttl: 0) + [0, 0, 0x31, 0], .labelShort),
      (
        Self.entry(0, bottom: false, ttl: 0) + Self.entry(15, bottom: false, ttl: 0) + [0],
        .labelReserved
      ),
      (
        Self.entry(0, bottom: false, ttl: 0) + Self.entry(17, bottom: false, ttl: 0) + [0],
        .labelStack
      ),
      // A session label above explicit null is not the last of its stack.
      (
        Self.entry(17, bottom: false, ttl: 64) + Self.entry(0, bottom: true, ttl: 64) + [0x45],
        .labelStack
      ),
    ]
    for (bytes, reason) in cases {
      #expect(DropReason(rawValue: Self.inspect(bytes).outcome) == reason, "\(bytes)")
    }
  }

  /// 64 explicit nulls, then a session label: each cut is short, or chained if the rest lies in a
  /// further buffer.
  @Test func cutAtEveryByte() {
    var bytes: [UInt8] = []
    for _ in 0..<64 { bytes += Self.entry(0, bottom: false, ttl: 12) }
    bytes += Self.entry(17, bottom: true, ttl: 64) + [0x45]
    let whole = Self.inspect(bytes)
    #expect(whole.outcome == PacketParser.accepted)
    #expect(whole.stackLength == 260)
    #expect(whole.entry.ttl == 12)
    for count in 0..<bytes.count {
      let cut = Self.inspect(bytes[..<count])
      #expect(DropReason(rawValue: cut.outcome) == .labelShort, "\(count)")
      let chained = Self.inspect(bytes[..<count], total: bytes.count)
      #expect(DropReason(rawValue: chained.outcome) == .chain, "\(count)")
    }
  }

  /// The protocol's tests one after the other, for any stack of entries before a payload's first
  /// byte.
  static func expected(_ entries: [UInt32], first: UInt8) -> (DropReason?, ttl: UInt8, count: Int) {
    var ttl: UInt8?
    for (index, entry) in entries.enumerated() {
      let isBottom = entry & 0x100 != 0
      let isLast = index == entries.count - 1
      let nibble = isLast ? first >> 4 : UInt8(entries[index + 1] >> 28)
      ttl = ttl ?? UInt8(entry & 0xff)
      switch entry >> 12 {
      case 0, 2:
        guard isBottom else { continue }
        if ttl! < 2 { return (.ttl, 0, 0) }
        let promised: UInt8 = entry >> 12 == 0 ? 4 : 6
        return (nibble == promised ? nil : .labelPayload, ttl!, index + 1)
      case 1, 3..<16: return (.labelReserved, 0, 0)
      default:
        if !isBottom { return (.labelStack, 0, 0) }
        if ttl! < 2 { return (.ttl, 0, 0) }
        return (nibble == 4 || nibble == 6 ? nil : .labelPayload, ttl!, index + 1)
      }
    }
    return (.labelShort, 0, 0)
  }

  @Test func anyStack() {
    var generator = SplitMix(state: 3032)
    var accepted = 0
    for _ in 0..<20_000 {
      let entries = (0...generator.below(4)).map { _ in
        let label =
          [0, 0, 0, 2, 2, 3, 15, 16, 17, 0x40000, 0x60000, 1_048_575]
          .randomElement(using: &generator)! as UInt32
        let ttl = [0, 1, 2, 64, 255].randomElement(using: &generator)! as UInt32
        return label << 12 | generator.below(16) << 8 | ttl
      }
      let first = [0x45, 0x60, 0x50].randomElement(using: &generator)! as UInt8
      let found = Self.inspect(entries.flatMap(\.networkBytes) + [first])
      let (reason, ttl, count) = Self.expected(entries, first: first)
      #expect(DropReason(rawValue: found.outcome) == reason, "\(entries)")
      guard reason == nil else { continue }
      accepted += 1
      #expect(found.entry.ttl == ttl)
      #expect(found.stackLength == count * 4)
      #expect(found.hadExplicitNull == [0, 2].contains(entries[0] >> 12))
      #expect(found.hasSessionLabel == (entries[count - 1] >> 12 >= 16))
      if found.hasSessionLabel { #expect(found.entry.label == entries[count - 1] >> 12) }
    }
    #expect(accepted > 1000)
  }

  @Test func nullsWithoutEnd() {
    let bytes = (0..<2000).flatMap { _ in Self.entry(2, bottom: false, ttl: 64) }
    #expect(DropReason(rawValue: Self.inspect(bytes).outcome) == .labelShort)
  }
}

@Suite struct LabelStackEntryTests {
  /// Label 0xabcde, TC 5, S 1, TTL 0x7f (RFC 3032 2.1).
  @Test func bits() {
    let entry = LabelStackEntry(label: 0xabcde, trafficClass: 5, ttl: 0x7f)
    #expect(entry.rawValue == 0xabcd_eb7f)
    #expect(entry.label == 0xabcde)
    #expect(entry.trafficClass == 5)
    #expect(entry.isBottom)
    #expect(entry.ttl == 0x7f)
    let other = LabelStackEntry(rawValue: 0x0001_0440)
    #expect(other.label == 16)
    #expect(other.trafficClass == 2)
    #expect(!other.isBottom)
    #expect(other.ttl == 64)
  }
}
