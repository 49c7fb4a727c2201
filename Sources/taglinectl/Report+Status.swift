import AdminProtocol

extension Report {
  /// `status`: one line a fact.
  static func status(_ result: JSONValue) -> String {
    let labels = result["labels"]
    var text = """
      version   \(cell(result["version"]))
      uptime    \(duration(result["uptime_s"]))
      workers   \(cell(result["workers"]))
      snapshot  \(cell(result["snapshot"]))
      sessions  \(cell(result["sessions"]))

      """
    let states = ["live", "embryonic", "closing", "quarantined", "free"]
      .map { "\(cell(labels?[$0])) \($0)" }.joined(separator: ", ")
    text += "labels    \(cell(labels?["capacity"])) pairs: \(states)\n"
    return text
  }

  /// `reload`: what is in force now.
  static func reload(_ result: JSONValue) -> String {
    "reloaded; snapshot \(cell(result["snapshot"])) is in force\n"
  }

  /// `server.set`: how the server stands now.
  static func serverSet(_ result: JSONValue) -> String {
    "\(cell(result["server"])): weight \(cell(result["weight"])), state \(cell(result["state"])), "
      + "from snapshot \(cell(result["snapshot"])) on\n"
  }

  /// `show.config`: the text that was read, under its file's name as a YAML comment.
  static func config(_ result: JSONValue) -> String {
    let text = result["text"]?.stringValue ?? ""
    let end = text.isEmpty || text.hasSuffix("\n") ? "" : "\n"
    return "# \(cell(result["file"]))\n\(text)\(end)"
  }
}
