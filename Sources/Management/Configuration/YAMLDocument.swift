import Yams

/// The one YAML document of a file as nodes with their places.
///
/// Plain scalars are left as text: what a value means depends on the key it stands at, so that
/// neither `10:00:00:00:00:01` becomes a sexagesimal number nor `no` a boolean.
struct YAMLDocument {
  let root: Node
  /// Keys that stand again later in their mapping, by place: the YAML parser refuses them, so they
  /// were renamed for it.
  private(set) var renamedKeys: [Place: String] = [:]

  /// Reports what is wrong and returns nil if the text is no YAML document.
  init?(text: String, diagnostics: Diagnostics) {
    var text = text
    while true {
      do {
        guard let root = try Yams.compose(yaml: text, .basic), !Self.isEmpty(root) else {
          diagnostics.report(
            .start, "the file is empty", expected: "a mapping with ports and services")
          return nil
        }
        self.root = root
        return
      } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
        let place = Place(context.mark)
        guard let key = keys.first, renamedKeys.count < 1000,
          Self.rename(key, at: place, in: &text, number: renamedKeys.count)
        else {
          diagnostics.report(
            place, "the key \((keys.first ?? "").quoted) is given more than once",
            expected: "it once")
          return nil
        }
        renamedKeys[place] = key
      } catch let error as YamlError {
        let (place, problem) = Self.describe(error, text: text)
        diagnostics.report(place, "not YAML: \(problem)", expected: "a YAML document")
        return nil
      } catch {
        diagnostics.report(.start, "not YAML: \(error)", expected: "a YAML document")
        return nil
      }
    }
  }

  private static func isEmpty(_ root: Node) -> Bool {
    guard case .scalar(let scalar) = root else { return false }
    return scalar.style == .plain && scalar.string.isEmpty
  }

  /// Puts as many private-use characters in a key's stead, so that all places stay as they were.
  private static func rename(
    _ key: String, at place: Place, in text: inout String, number: Int
  ) -> Bool {
    var scalars = text.unicodeScalars
    guard !key.isEmpty, var start = index(of: place, in: scalars) else { return false }
    if start < scalars.endIndex, scalars[start] == "\"" || scalars[start] == "'" {
      start = scalars.index(after: start)
    }
    guard scalars[start...].starts(with: key.unicodeScalars),
      let substitute = Unicode.Scalar(UInt32(0xe000 + number))
    else { return false }
    let count = key.unicodeScalars.count
    scalars.replaceSubrange(
      start..<scalars.index(start, offsetBy: count), with: repeatElement(substitute, count: count))
    text = String(scalars)
    return true
  }

  /// YAML 1.2 5.4 line breaks, as libyaml counts them.
  private static func index(
    of place: Place, in scalars: String.UnicodeScalarView
  ) -> String.UnicodeScalarView.Index? {
    var position = Place.start
    var index = scalars.startIndex
    while position < place {
      guard index < scalars.endIndex else { return nil }
      position.advance(over: scalars[index], followedBy: scalars[index...].dropFirst().first)
      index = scalars.index(after: index)
    }
    return position == place ? index : nil
  }

  private static func describe(_ error: YamlError, text: String) -> (Place, String) {
    switch error {
    case .scanner(let context, let problem, let mark, _),
      .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let introduction = context.map { "\($0.text) " } ?? ""
      return (Place(mark), introduction + problem)
    case .reader(let problem, let offset, _, _):
      return (Place(after: text.prefix(offset ?? 0).unicodeScalars), problem)
    default:
      return (.start, "\(error)")
    }
  }
}

extension Place {
  init(_ mark: Mark) { self.init(line: mark.line, column: mark.column) }

  /// The place behind the beginning of a file.
  init(after scalars: some Collection<Unicode.Scalar>) {
    self = .start
    var index = scalars.startIndex
    while index < scalars.endIndex {
      advance(over: scalars[index], followedBy: scalars[index...].dropFirst().first)
      index = scalars.index(after: index)
    }
  }

  fileprivate mutating func advance(over scalar: Unicode.Scalar, followedBy next: Unicode.Scalar?) {
    switch scalar {
    case "\r" where next == "\n", "\u{feff}" where self == .start:
      return
    case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}":
      line += 1
      column = 1
    default:
      column += 1
    }
  }
}

extension Node {
  /// Where it begins; of an alias, where what it stands for begins.
  var place: Place { mark.map(Place.init) ?? .start }
}
