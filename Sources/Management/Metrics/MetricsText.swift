import NIOCore

/// Metrics in Prometheus's text exposition format 0.0.4
/// (prometheus.io/docs/instrumenting/exposition_formats).
struct MetricsText {
  enum Kind: String {
    case counter, gauge
  }

  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  private(set) var buffer = ByteBuffer()
  private var name = ""
  /// HELP and TYPE, to be written before the first sample.
  private var header = ""

  /// Begins a family: the samples that follow are its own. One without samples is left out.
  mutating func family(_ name: String, _ kind: Kind, _ help: String) {
    self.name = name
    header = "# HELP \(name) \(Self.escapeHelp(help))\n# TYPE \(name) \(kind)\n"
  }

  mutating func sample(_ value: some BinaryInteger) { write(.none, "\(value)") }

  mutating func sample(_ value: Double) { write(.none, "\(value)") }

  mutating func sample(_ labels: MetricLabels, _ value: some BinaryInteger) {
    write(labels, String(value))
  }

  mutating func sample(_ labels: MetricLabels, _ value: Double) { write(labels, "\(value)") }

  /// In seconds, to the nanosecond.
  mutating func sample(_ labels: MetricLabels, _ value: Duration) {
    write(labels, "\(Double(value.nanoseconds) / 1e9)")
  }

  private mutating func write(_ labels: MetricLabels, _ value: String) {
    if !header.isEmpty {
      buffer.writeString(header)
      header = ""
    }
    buffer.writeString("\(name)\(labels.text) \(value)\n")
  }

  private static func escapeHelp(_ text: String) -> String {
    var escaped = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }
}

/// The labels of a sample, in order, values escaped.
struct MetricLabels: ExpressibleByDictionaryLiteral {
  /// As it stands behind the metric's name.
  let text: String

  static let none = MetricLabels(text: "")

  private init(text: String) { self.text = text }

  init(dictionaryLiteral labels: (String, String)...) {
    let pairs = labels.map { "\($0)=\"\(Self.escape($1))\"" }
    text = "{\(pairs.joined(separator: ","))}"
  }

  private static func escape(_ value: String) -> String {
    let isPlain = value.utf8.allSatisfy {
      $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\n")
    }
    if isPlain { return value }
    var escaped = ""
    for character in value.unicodeScalars {
      switch character {
      case "\\": escaped += "\\\\"
      case "\"": escaped += "\\\""
      case "\n": escaped += "\\n"
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }
}
