import FuzzSupport
import Labels
import Wire

// An input is one byte, that many bytes more in the frame's further buffers, and an MPLS frame from
// its first label stack entry on.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzLabelTests(_ input: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  if count > 0 && count <= GuardedBytes.capacity {
    let available = count - 1
    let total = available + Int(input[0])
    let bytes = UnsafeRawPointer(input) + 1
    let copy = GuardedBytes.copy(bytes, available)
    let found = LabelInspector.inspect(copy, available: available, total: total)
    let frame = [UInt8](UnsafeRawBufferPointer(start: bytes, count: available))
    compare(found, expected(frame, total: total))
    if found.outcome == PacketParser.accepted && found.hasSessionLabel {
      testEntry(found.entry.label)
      let length = found.stackLength
      testGuard(copy + length, available: available - length, total: total - length)
    }
  }
  return 0
}

private struct Expectation {
  var reason: DropReason?
  var hadNull = false
  var label: UInt32?
  var ttl: UInt8 = 0
  var length = 0
}

/// The label tests as the protocol's section 3 tells them, entry by entry.
private func expected(_ frame: [UInt8], total: Int) -> Expectation {
  var result = Expectation()
  var outerTTL: UInt8?
  while true {
    let start = result.length
    // The entry and the byte behind it.
    guard frame.count > start + 4 else {
      return Expectation(reason: total > start + 4 ? .chain : .labelShort)
    }
    let label =
      UInt32(frame[start]) << 12 | UInt32(frame[start + 1]) << 4 | UInt32(frame[start + 2]) >> 4
    let isBottom = frame[start + 2] % 2 == 1
    result.ttl = outerTTL ?? frame[start + 3]
    result.length += 4
    let version = frame[result.length] / 16
    switch label {
    case 0, 2:
      result.hadNull = true
      outerTTL = result.ttl
      if isBottom {
        if result.ttl < 2 { return Expectation(reason: .ttl) }
        return version == (label == 0 ? 4 : 6) ? result : Expectation(reason: .labelPayload)
      }
    case 0..<16:
      return Expectation(reason: .labelReserved)
    default:
      if !isBottom { return Expectation(reason: .labelStack) }
      if result.ttl < 2 { return Expectation(reason: .ttl) }
      if version != 4 && version != 6 { return Expectation(reason: .labelPayload) }
      result.label = label
      return result
    }
  }
}

private func compare(_ found: LabelInspection, _ expected: Expectation) {
  demand(found.outcome == expected.reason?.rawValue ?? PacketParser.accepted, "outcome")
  if expected.reason != nil { return }
  demand(found.hadExplicitNull == expected.hadNull, "explicit null")
  demand(found.hasSessionLabel == (expected.label != nil), "session label")
  demand(found.stackLength == expected.length, "stack length")
  demand(found.entry.ttl == expected.ttl, "TTL")
  if let label = expected.label {
    demand(found.entry.label == label && found.entry.isBottom, "label")
  }
}

/// Labels 17 to 32, at the end of what may be read; those of the first pair are live.
private let table: LabelSwitchTable = {
  let pairs: UInt32 = 8
  let memory = GuardedBytes.region(LabelSwitchTable.byteCount(pairCount: pairs))
  let table = LabelSwitchTable(memory: memory, firstPair: 8, pairCount: pairs)
  let entry = LabelEntry(
    state: .live, pop: false, port: 1, adjacency: 2, guardAddresses: 3, guardPorts: 4)
  table.store(label: 17, entry: entry)
  table.store(label: 18, entry: entry)
  return table
}()

private func testEntry(_ label: UInt32) {
  let isLive = label == 17 || label == 18
  demand(table.load(label: label).state == (isLive ? .live : .none), "entry")
  demand(table.contains(label: label) == (17...32 ~= label), "the table's labels")
}

private let digest = LabelGuard(secret: 1)

/// The two ways to the guard's half of addresses agree: from the header's words, as for a plain IPv4
/// packet, and from what the analyser read.
private func testGuard(_ ip: UnsafeRawPointer, available: Int, total: Int) {
  var packet = ParsedPacket()
  let outcome = PacketParser.parse(ip, available: available, total: total, into: &packet)
  guard outcome == PacketParser.accepted, packet.family == 4,
    !packet.has(ParsedPacket.icmpError)
  else { return }
  let read = digest.addresses(
    source: packet.source, destination: packet.destination, protocolNumber: packet.protocolNumber)
  let words = digest.addresses(
    sourceIPv4: ip.word(12, as: UInt32.self), destinationIPv4: ip.word(16, as: UInt32.self),
    protocolNumber: ip.load8(9))
  demand(read == words, "guard")
}

private func demand(_ holds: Bool, _ what: @autoclosure () -> String) {
  if !holds { fatalError(what()) }
}
