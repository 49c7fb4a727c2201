extension Duration {
  /// The units that a duration is written in, the largest first.
  private static let units: [(name: String, nanoseconds: Int)] = [
    ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000),
  ]

  /// Reads `500ms`, `1s`, `15m`, `2h` or several of these, the largest first, such as `1m30s`; nil
  /// if it is anything else, a bare number too, or longer than 292 years.
  init?(configurationText text: String) {
    var rest = text[...]
    var nextUnit = 0
    var total = 0
    while !rest.isEmpty {
      let digits = rest.prefix { "0"..."9" ~= $0 }
      let unitName = rest.dropFirst(digits.count).prefix { !("0"..."9" ~= $0) }
      guard let count = DecimalNumber.read(digits),
        let unit = Self.units[nextUnit...].firstIndex(where: { $0.name == unitName })
      else { return nil }
      let (product, tooLarge) = count.multipliedReportingOverflow(by: Self.units[unit].nanoseconds)
      let (sum, tooLong) = total.addingReportingOverflow(product)
      guard !tooLarge, !tooLong else { return nil }
      total = sum
      nextUnit = unit + 1
      rest = rest.dropFirst(digits.count + unitName.count)
    }
    guard nextUnit > 0 else { return nil }
    self = .nanoseconds(total)
  }

  /// The same in the form that `init(configurationText:)` reads, in whole milliseconds.
  var configurationText: String {
    var rest = Int(nanoseconds)
    var text = ""
    for unit in Self.units {
      let count = rest / unit.nanoseconds
      if count > 0 { text += "\(count)\(unit.name)" }
      rest -= count * unit.nanoseconds
    }
    return text.isEmpty ? "0s" : text
  }

  /// Whole nanoseconds, 0 for a negative duration.
  public var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    return UInt64(clamping: seconds) &* 1_000_000_000
      &+ UInt64(clamping: attoseconds / 1_000_000_000)
  }
}
