import AdminProtocol

extension Report {
  /// `trace.show`: each packet with the steps that it took and its bytes before and after.
  static func trace(_ result: JSONValue) -> String {
    let packets = result["packets"]?.arrayValue ?? []
    let captured = result["captured"].map { cell($0) } ?? "\(packets.count)"
    var text = "\(captured) of \(cell(result["wanted"])) packets"
    if let filter = result["filter"]?.stringValue, !filter.isEmpty {
      text += " that match '\(filter)'"
    }
    text += result["active"]?.boolValue == true ? ", waiting for more\n" : "\n"
    for (index, packet) in packets.enumerated() { text += describe(packet, number: index + 1) }
    return text
  }

  private static func describe(_ packet: JSONValue, number: Int) -> String {
    var text =
      "\npacket \(number): \(microseconds(packet["time_us"])), worker \(cell(packet["worker"])), "
      + "port \(cell(packet["port"])), \(cell(packet["length"])) bytes: "
      + "\(cell(packet["outcome"]))\n"
    for step in packet["steps"]?.arrayValue ?? [] { text += "  \(cell(step))\n" }
    if let before = packet["before"]?.stringValue { text += "  before\n" + dump(before) }
    if let after = packet["after"]?.stringValue { text += "  after\n" + dump(after) }
    return text
  }

  /// Microseconds as seconds with six digits.
  private static func microseconds(_ value: JSONValue?) -> String {
    guard let time = value?.intValue, time >= 0 else { return "\(cell(value)) us" }
    let fraction = String(1_000_000 + time % 1_000_000).dropFirst()
    return "\(time / 1_000_000).\(fraction) s"
  }

  /// Hexadecimal digits as lines of 16 bytes with their offset, as `tcpdump -x` prints them.
  private static func dump(_ digits: String) -> String {
    let digits = Array(digits)
    var text = ""
    for start in stride(from: 0, to: digits.count, by: 32) {
      let offset = String(start / 2, radix: 16)
      text += "    0x" + String(repeating: "0", count: max(0, 4 - offset.count)) + offset + ":"
      for group in stride(from: start, to: min(start + 32, digits.count), by: 4) {
        text += " " + String(digits[group..<min(group + 4, digits.count)])
      }
      text += "\n"
    }
    return text
  }
}
