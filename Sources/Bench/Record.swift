import AdminProtocol
import BenchRig
import Foundation

/// A file of results with where they were measured: one JSON object, a line for each result.
public enum Record {
  public static func text(_ description: [(String, JSONValue)], _ results: [JSONValue]) -> String {
    let head = description.map { key, value in
      "  \(JSONValue.string(key).encodedText): \(value.encodedText),\n"
    }
    let lines = results.map { "    " + $0.encodedText }.joined(separator: ",\n")
    return "{\n" + head.joined() + "  \"results\": [\n" + lines + "\n  ]\n}\n"
  }

  public static func write(_ results: [JSONValue], to path: String) throws(BenchFailure) {
    do {
      try text(Machine.description(), results)
        .write(toFile: path, atomically: true, encoding: .utf8)
    } catch {
      throw BenchFailure("\(path) cannot be written: \(error.localizedDescription)", code: 2)
    }
  }
}
