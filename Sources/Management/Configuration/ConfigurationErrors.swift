/// Everything that is wrong with one configuration file, in the order of the file.
public struct ConfigurationErrors: Error, Sendable, Equatable {
  /// One line each: `FILE:LINE:COLUMN: what is wrong; what was expected`.
  public let lines: [String]
}

/// A place in a configuration file; both numbers count from 1, columns in Unicode scalars.
struct Place: Hashable, Comparable, Sendable {
  var line: Int
  var column: Int

  static let start = Place(line: 1, column: 1)

  static func < (left: Place, right: Place) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

/// Collects what is wrong while a file is read, so that one reading names all of it.
final class Diagnostics {
  private struct Finding: Hashable {
    var place: Place
    var text: String
  }

  private var findings: Set<Finding> = []

  var isEmpty: Bool { findings.isEmpty }
  var count: Int { findings.count }

  /// What stands at a place that an alias leads to twice is reported once.
  func report(_ place: Place, _ problem: String, expected: String) {
    findings.insert(Finding(place: place, text: "\(problem); expected \(expected)"))
  }

  func errors(file: String) -> ConfigurationErrors {
    let sorted = findings.sorted { ($0.place, $0.text) < ($1.place, $1.text) }
    return ConfigurationErrors(
      lines: sorted.map { "\(file):\($0.place.line):\($0.place.column): \($0.text)" })
  }
}

extension String {
  /// In quotes for a message, cut to 60 characters, control characters escaped.
  var quoted: String {
    var text = ""
    for scalar in unicodeScalars.prefix(60) {
      text +=
        scalar.properties.generalCategory == .control
        ? scalar.escaped(asASCII: true) : String(scalar)
    }
    return "\"\(text)\(unicodeScalars.count > 60 ? "..." : "")\""
  }

  /// `a, b or c`.
  static func choice(of words: [String]) -> String {
    guard words.count > 1, let last = words.last else { return words.first ?? "nothing" }
    return "\(words.dropLast().joined(separator: ", ")) or \(last)"
  }
}
