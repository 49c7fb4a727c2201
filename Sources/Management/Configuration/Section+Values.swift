import Wire
import Yams

extension Section {
  /// The text of a scalar, quoted or not; nil and a report if it is none or empty.
  func text(_ node: Node, _ name: String, expected: String) -> String? {
    guard case .scalar(let scalar) = node, !node.isNull else {
      diagnostics.report(node.place, "\(name) is \(node.kindName)", expected: expected)
      return nil
    }
    let tag = scalar.tag.rawValue
    guard tag.isEmpty || tag == Tag.Name.str.rawValue else {
      diagnostics.report(node.place, "\(name) has the tag \(tag.quoted)", expected: expected)
      return nil
    }
    guard !scalar.string.isEmpty else {
      diagnostics.report(node.place, "\(name) is empty", expected: expected)
      return nil
    }
    return scalar.string
  }

  /// What `read` makes of a scalar's text; nil and a report if it makes nothing of it.
  func parse<Value>(
    _ node: Node?, _ name: String, expected: String, _ read: (String) -> Value?
  ) -> Value? {
    guard let node, let text = text(node, name, expected: expected) else { return nil }
    if let value = read(text) { return value }
    diagnostics.report(node.place, "\(name) is \(text.quoted)", expected: expected)
    return nil
  }

  func parse<Value>(_ key: String, expected: String, _ read: (String) -> Value?) -> Value? {
    parse(value(key), key, expected: expected, read)
  }

  func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
    guard let node = value(key) else { return nil }
    let expected = "a whole number, \(range.lowerBound) to \(range.upperBound)"
    if case .scalar(let scalar) = node, !scalar.isPlain {
      report(key, "\(key) is the text \(scalar.string.quoted)", expected: expected)
      return nil
    }
    return parse(key, expected: expected) {
      DecimalNumber.read($0).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  func boolean(_ key: String) -> Bool? {
    guard let node = value(key) else { return nil }
    if case .scalar(let scalar) = node, !scalar.isPlain {
      report(key, "\(key) is the text \(scalar.string.quoted)", expected: "true or false")
      return nil
    }
    return parse(key, expected: "true or false") {
      switch $0 {
      case "true": true
      case "false": false
      default: nil
      }
    }
  }

  /// One of an enumeration's cases, by its name.
  func word<Word: CaseIterable>(_ key: String, _: Word.Type = Word.self) -> Word? {
    let expected = String.choice(of: Word.allCases.map { "\($0)" })
    return parse(key, expected: expected) { text in
      Word.allCases.first { "\($0)" == text }
    }
  }

  func duration(_ key: String, in range: ClosedRange<Duration>) -> Duration? {
    let expected =
      "a duration such as 500ms, 15m or 1m30s, \(range.lowerBound.configurationText) to "
      + range.upperBound.configurationText
    return parse(key, expected: expected) { text in
      Duration(configurationText: text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// A name that counters, tables and `SERVICE/SERVER` can hold.
  func name(_ key: String) -> String? {
    let expected = "a name of 1 to 64 characters without spaces and \"/\""
    guard let node = required(key, expected: expected) else { return nil }
    return parse(node, key, expected: expected) { text in
      let isName =
        text.count <= 64
        && text.unicodeScalars.allSatisfy {
          $0 != "/" && !$0.properties.isWhitespace && $0.properties.generalCategory != .control
        }
      return isName ? text : nil
    }
  }

  /// The address of one host's network card.
  func mac(_ key: String) -> MACAddress? {
    let expected = "a unicast Ethernet address such as 02:00:00:00:00:01"
    guard let mac = parse(key, expected: expected, { MACAddress($0) }) else { return nil }
    guard mac.word != 0, !mac.isMulticast else {
      let kind = mac.word == 0 ? "zero" : "multicast"
      report(key, "\(key) \(mac) is a \(kind) address", expected: expected)
      return nil
    }
    return mac
  }

  /// The address of one host.
  func address(_ node: Node?, _ key: String) -> IPAddress? {
    let expected = "an IPv4 or IPv6 unicast address such as 192.0.2.1 or 2001:db8::1"
    guard let node,
      let address = parse(node, key, expected: expected, { IPAddress($0) })
    else { return nil }
    guard let fault = Self.fault(of: address, text: node.scalar?.string ?? "") else {
      return address
    }
    diagnostics.report(node.place, "\(key) \(address) is \(fault)", expected: expected)
    return nil
  }

  /// Why no host can have the address, or nil.
  static func fault(of address: IPAddress, text: String) -> String? {
    if address.isMulticast { return "a multicast address" }
    if address.isLoopback { return "a loopback address" }
    if address.isUnspecified { return "the unspecified address" }
    if address.isIPv4, address.ipv4Word == .max { return "the broadcast address" }
    if address.isIPv4, text.contains(":") { return "an IPv4 address written as an IPv6 one" }
    return nil
  }
}

extension Section {
  /// Whether the key's value is one of an enumeration's cases; reports nothing.
  func isWord<Word: CaseIterable>(_ key: String, _: Word.Type) -> Bool {
    let text = value(key)?.scalar?.string
    return Word.allCases.contains { "\($0)" == text }
  }
}
