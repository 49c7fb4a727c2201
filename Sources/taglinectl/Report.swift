import AdminProtocol

/// Results of the admin methods as text for people. What an answer lacks is shown as `-`.
enum Report {
  /// One value in a cell.
  static func cell(_ value: JSONValue?) -> String {
    switch value {
    case nil, .null: "-"
    case .string(let text): text
    case .bool(let flag): flag ? "yes" : "no"
    case .double(let number): decimal(number)
    case let value?: value.encodedText
    }
  }

  /// A number with one digit after the point, or none if it is whole.
  static func decimal(_ number: Double) -> String {
    guard abs(number) < 1e15 else { return "\(number)" }
    let tenths = Int64((number * 10).rounded())
    let sign = tenths < 0 ? "-" : ""
    let (whole, tenth) = (tenths.magnitude / 10, tenths.magnitude % 10)
    return tenth == 0 ? "\(sign)\(whole)" : "\(sign)\(whole).\(tenth)"
  }

  /// An address with its port; IPv6 in brackets (RFC 5952 section 6).
  static func endpoint(_ address: JSONValue?, _ port: JSONValue?) -> String {
    let host = cell(address)
    guard let port, !port.isNull else { return host }
    return host.contains(":") ? "[\(host)]:\(cell(port))" : "\(host):\(cell(port))"
  }

  /// Seconds as days, hours, minutes and seconds, from the first that is not 0.
  static func duration(_ seconds: JSONValue?) -> String {
    guard let seconds = seconds?.doubleValue, seconds >= 0, seconds < 1e15 else {
      return cell(seconds)
    }
    let total = Int(seconds)
    let parts = [
      (total / 86_400, "d"), (total / 3_600 % 24, "h"), (total / 60 % 60, "min"),
    ]
    let shown = parts.drop { $0.0 == 0 }.map { "\($0.0) \($0.1)" }
    return (shown + ["\(total % 60) s"]).joined(separator: " ")
  }

  /// How many of all there are were printed.
  static func footer(_ noun: String, _ shown: Int, of total: JSONValue?) -> String {
    guard let total = total?.intValue, total > shown else { return "\(noun): \(shown)\n" }
    return "\(noun): \(shown) of \(total) (--limit \(total) shows all)\n"
  }

  /// How many counters were left out.
  static func hiddenCounters(_ count: Int) -> String {
    count == 0 ? "" : "counters that are 0: \(count) (--all shows them)\n"
  }
}
