import AdminProtocol

extension Report {
  /// `show.sessions`: a line a session.
  static func sessions(_ result: JSONValue) -> String {
    let sessions = result["sessions"]?.arrayValue ?? []
    var table = Table([
      .left("SERVICE"), .left("SERVER"), .left("PROTOCOL"), .left("CLIENT"), .left("STATE"),
      .right("C2S LABEL"), .right("S2C LABEL"), .right("AGE (s)"), .right("IDLE (s)"),
    ])
    for session in sessions {
      table.add([
        cell(session["service"]), cell(session["server"]), cell(session["protocol"]),
        endpoint(session["client"], session["client_port"]), cell(session["state"]),
        cell(session["c2s_label"]), cell(session["s2c_label"]), cell(session["age_s"]),
        cell(session["idle_s"]),
      ])
    }
    return table.text + footer("sessions", sessions.count, of: result["total"])
  }

  /// `show.labels`: a line a pair, with the ways in and out of each direction that the answer has.
  static func labels(_ result: JSONValue) -> String {
    let labels = result["labels"]?.arrayValue ?? []
    let directions = ["c2s", "s2c"].filter { direction in
      labels.contains { $0[direction]?.objectValue != nil }
    }
    let ways = ["in", "out"]
    var columns: [Table.Column] = [
      .right("C2S LABEL"), .right("S2C LABEL"), .left("STATE"), .right("WORKER"),
      .right("GENERATION"),
    ]
    if directions.isEmpty {
      columns += ways.map { .left($0.uppercased()) }
    } else {
      for direction in directions {
        columns += ways.map { .left("\(direction) \($0)".uppercased()) }
      }
    }
    var table = Table(columns)
    for label in labels {
      var cells = ["c2s_label", "s2c_label", "state", "worker", "generation"].map {
        cell(label[$0])
      }
      if directions.isEmpty {
        cells += ways.map { place(label[$0]) }
      } else {
        for direction in directions {
          cells += ways.map { place(label[direction]?[$0]) }
        }
      }
      table.add(cells)
    }
    return table.text + footer("pairs", labels.count, of: result["total"])
  }

  /// A port with its line card.
  private static func place(_ value: JSONValue?) -> String {
    guard let value, value.objectValue != nil else { return cell(value) }
    return "\(cell(value["port"])) on \(cell(value["line_card"]))"
  }
}
