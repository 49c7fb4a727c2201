import Wire

extension Status {
  /// For people; ends with a line end.
  public var text: String {
    var lines: [String] = []
    let mode = attachment.learn.map { ", \($0.mode.rawValue) XDP" } ?? ""
    lines.append(
      "\(device.name): \(isWhole ? "attached" : "only half attached, attach again")\(mode)")
    if let state {
      lines.append("appliances: " + state.appliances.joined(separator: ", "))
      if !state.clientPrefixes.isEmpty {
        lines.append("client prefixes: " + state.clientPrefixes.joined(separator: ", "))
      }
      for changed in settings {
        let saved = changed.saved
        let text = saved.setting.text
        let isMet = saved.setting.isMet(by: changed.now, wanted: saved.set)
        let now = isMet ? "" : ", but is \(text(changed.now)) now"
        lines.append("changed: \(saved.setting) \(text(saved.was)) -> \(text(saved.set))\(now)")
      }
    }
    if let warning = attachment.predecessors.warning(device.name) { lines.append(warning) }
    if !outdated.isEmpty {
      lines.append(
        "the host has changed (\(outdated.joined(separator: ", "))): attach again, flows stay")
    }
    lines.append("hits \(hits), misses \(misses), errors \(errors)")
    lines.append("")
    lines += Status.columns(
      [["COUNTER", "COUNT", ""]]
        + counters.filter { $0.value != 0 }.map { [$0.name, "\($0.value)", $0.text] })
    lines.append("")
    lines += Status.columns(
      [["FLOW", "LOCAL", "REMOTE", "LABEL", "APPLIANCE", "IDLE (s)"]]
        + flows.map { flow in
          [
            flow.protocolName, Status.place(flow.local, flow.localPort),
            Status.place(flow.remote, flow.remotePort),
            "\(flow.label)" + (flow.entriesBelow.isEmpty ? "" : " +\(flow.entriesBelow.count)"),
            flow.appliance.description, "\(flow.idleNanoseconds / 1_000_000_000)",
          ]
        })
    let rest = totalFlows > flows.count ? " of \(totalFlows) (--limit shows more)" : ""
    lines.append("flows: \(flows.count)\(rest)")
    return lines.map { $0 + "\n" }.joined()
  }

  /// IPv6 in brackets (RFC 5952 section 6).
  private static func place(_ address: IPAddress, _ port: UInt16) -> String {
    address.isIPv4 ? "\(address):\(port)" : "[\(address)]:\(port)"
  }

  /// Rows in aligned columns, two spaces between, none at a line's end.
  private static func columns(_ rows: [[String]]) -> [String] {
    let count = rows.first?.count ?? 0
    let widths = (0..<count).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = ""
      for (cell, width) in zip(row, widths) {
        line += cell + String(repeating: " ", count: width - cell.count + 2)
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}
