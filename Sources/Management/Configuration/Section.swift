import Yams

/// One mapping of the file, read key by key. Whatever is wrong goes to the diagnostics, and the
/// reading goes on with the default.
struct Section {
  /// What the messages call it, such as `port`.
  let title: String
  let place: Place
  let document: YAMLDocument
  let diagnostics: Diagnostics
  private var values: [String: Node] = [:]

  /// Reports unknown and duplicate keys, and a node that is no mapping (then it is nil).
  init?(
    _ node: Node, title: String, keys: [String], document: YAMLDocument, diagnostics: Diagnostics
  ) {
    self.title = title
    self.place = node.place
    self.document = document
    self.diagnostics = diagnostics
    guard case .mapping(let mapping) = node else {
      diagnostics.report(
        node.place, "\(title) is \(node.kindName)",
        expected: "a mapping with \(keys.joined(separator: ", "))")
      return nil
    }
    read(mapping, keys: keys, depth: 0)
  }

  /// Own keys first, then those of `<<` (the YAML 1.1 merge key), which own keys hide.
  private mutating func read(_ mapping: Node.Mapping, keys: [String], depth: Int) {
    var own: [String: Place] = [:]
    var merged: [Node] = []
    for (keyNode, value) in mapping {
      guard case .scalar(let scalar) = keyNode else {
        diagnostics.report(
          keyNode.place, "a key of \(title) is \(keyNode.kindName)",
          expected: String.choice(of: keys))
        continue
      }
      let key = document.renamedKeys[keyNode.place] ?? scalar.string
      if let first = own[key] {
        diagnostics.report(
          keyNode.place, "the key \(key.quoted) is given again",
          expected: "it once, as on line \(first.line)")
        continue
      }
      own[key] = keyNode.place
      if key == "<<", scalar.style == .plain, depth < 16 {
        merged = value.sequence.map(Array.init) ?? [value]
      } else if !keys.contains(key) {
        reportUnknown(key, at: keyNode.place, keys: keys)
      } else if values[key] == nil {
        values[key] = value
      }
    }
    for node in merged {
      if case .mapping(let mapping) = node {
        read(mapping, keys: keys, depth: depth + 1)
      } else {
        diagnostics.report(
          node.place, "what \"<<\" merges is \(node.kindName)", expected: "a mapping")
      }
    }
  }

  private func reportUnknown(_ key: String, at place: Place, keys: [String]) {
    let expected: String
    if let near = key.nearest(among: keys) {
      expected = near.quoted
    } else {
      expected = String.choice(of: keys)
    }
    diagnostics.report(place, "unknown key \(key.quoted) in \(title)", expected: expected)
  }

  func value(_ key: String) -> Node? { values[key] }

  /// Where the key's value stands, or the section if it is missing.
  func place(of key: String) -> Place { values[key]?.place ?? place }

  func required(_ key: String, expected: String) -> Node? {
    if let node = values[key] { return node }
    diagnostics.report(place, "\(title) has no \(key)", expected: "\(key): \(expected)")
    return nil
  }

  func report(_ key: String, _ problem: String, expected: String) {
    diagnostics.report(place(of: key), problem, expected: expected)
  }

  func section(_ key: String, keys: [String]) -> Section? {
    guard let node = values[key] else { return nil }
    return Section(node, title: key, keys: keys, document: document, diagnostics: diagnostics)
  }

  /// The sections of a list that must not be empty; none if it is missing or no list.
  func sections(_ key: String, title: String, keys: [String]) -> [Section] {
    guard let nodes = list(key, of: "\(title)s") else { return [] }
    return nodes.compactMap {
      Section($0, title: title, keys: keys, document: document, diagnostics: diagnostics)
    }
  }

  func list(_ key: String, of what: String) -> [Node]? {
    guard let node = values[key] else { return nil }
    guard case .sequence(let sequence) = node else {
      report(key, "\(key) is \(node.kindName)", expected: "a list of \(what)")
      return nil
    }
    if sequence.isEmpty { report(key, "\(key) is an empty list", expected: "a list of \(what)") }
    return Array(sequence)
  }
}

extension Node {
  /// What a message calls a node of a wrong kind.
  var kindName: String {
    switch self {
    case .mapping: return "a mapping"
    case .sequence: return "a list"
    case .alias: return "an alias"
    case .scalar(let scalar):
      guard scalar.isPlain else { return "text" }
      return isNull ? "empty" : scalar.string.quoted
    }
  }

  /// No value at all (YAML 1.2 10.3.2).
  var isNull: Bool {
    guard case .scalar(let scalar) = self, scalar.isPlain else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
  }
}

extension Node.Scalar {
  /// Neither quoted nor tagged, so that it may be a number or a boolean.
  var isPlain: Bool { style == .plain && (tag.rawValue.isEmpty || tag.rawValue == "?") }
}
