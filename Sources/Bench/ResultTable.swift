import AdminProtocol

/// Results as lines of a table for people.
public enum ResultTable {
  public static let header =
    "case                device        n      min   median  spread  macswap    ratio      net"

  /// A line, from the object that `--json` prints.
  public static func line(_ result: JSONValue) -> String {
    let name = result["case"]?.stringValue ?? ""
    let device = result["device"]?.stringValue ?? ""
    let n = result["n"]?.intValue ?? 0
    let numbers = ["ns_min", "ns_median", "ns_spread", "macswap_ns_median", "ratio", "net"]
      .map { text(result[$0]?.doubleValue) }
    return padded(name, 20, .left) + padded(device, 5, .left) + padded("\(n)", 10, .right)
      + zip(numbers, [9, 9, 8, 9, 9, 9]).map { padded($0, $1, .right) }.joined()
      + notes(result)
  }

  private static func notes(_ result: JSONValue) -> String {
    var notes: [String] = []
    if let quiet = result["ns_median_undisturbed"]?.doubleValue {
      notes.append("undisturbed \(text(quiet))")
    }
    if let alone = result["ns_median_alone"]?.doubleValue {
      notes.append(
        "alone \(text(alone)), together \(text(result["mpps"]?.doubleValue)) Mpps")
    }
    if let bytes = result["bytes_a_session"]?.doubleValue {
      notes.append("\(text(bytes)) bytes a session")
    }
    if let bytes = result["bytes_a_pair"]?.doubleValue {
      notes.append("\(text(bytes)) bytes a pair")
    }
    return notes.isEmpty ? "" : "  " + notes.joined(separator: ", ")
  }

  /// Three digits that count, at most.
  static func text(_ value: Double?) -> String {
    guard let value else { return "-" }
    let tenths = (value * 10).rounded() / 10
    return abs(value) >= 100_000
      ? "\(Int(value / 1e6)) ms" : abs(value) >= 1000 ? "\(Int(value.rounded()))" : "\(tenths)"
  }

  private enum Side { case left, right }

  private static func padded(_ text: String, _ width: Int, _ side: Side) -> String {
    let blanks = String(repeating: " ", count: max(0, width - text.count))
    return side == .left ? text + blanks : blanks + text
  }
}
