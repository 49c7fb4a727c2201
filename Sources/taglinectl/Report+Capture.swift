import AdminProtocol

extension Report {
  /// `capture.start`: where the packets go.
  static func captureStart(_ result: JSONValue) -> String {
    let file = cell(result["file"])
    let begun =
      result["state"]?.stringValue == "waiting"
      ? "capturing to \(file) as soon as somebody reads it" : "capturing to \(file)"
    return begun + "; end it with: taglinectl capture stop\n"
  }

  /// `capture.show` and `capture.stop`: one line a fact.
  static func capture(_ result: JSONValue) -> String {
    guard let file = result["file"]?.stringValue else { return "nothing was captured yet\n" }
    var state = cell(result["state"])
    if let cause = result["ended"]?.stringValue { state += ", \(captureCause(cause))" }
    if let error = result["error"]?.stringValue { state += ": \(error)" }
    let ports = result["ports"]?.arrayValue?.map { cell($0) }.joined(separator: ", ") ?? "-"
    let direction = result["direction"]?.stringValue
    var text = """
      state     \(state)
      file      \(file)
      ports     \(ports), \(direction == "in" ? "in" : direction == "out" ? "out" : "in and out")

      """
    if let filter = result["filter"]?.stringValue, !filter.isEmpty {
      text += "filter    \(filter)\n"
    }
    let limits = result["limits"]
    let packets = limits?["packets"]?.intValue.map { "\($0) packets, " } ?? ""
    text += """
      limits    \(packets)\(cell(limits?["seconds"])) s, \(cell(limits?["bytes"])) bytes
      captured  \(cell(result["captured"])) packets, \(cell(result["bytes"])) bytes, in \
      \(cell(result["seconds"])) s
      filtered  \(cell(result["filtered"])) packets that the filter did not choose
      lost      \(cell(result["lost"])) packets that should be in the file

      """
    return text
  }

  private static func captureCause(_ cause: String) -> String {
    switch cause {
    case "stop": "stopped"
    case "packets": "since it has as many packets as were asked for"
    case "seconds": "since its time is over"
    case "bytes": "since its file is full"
    case "reader": "since nobody reads it any more"
    case "error": "by an error"
    default: cause
    }
  }
}
