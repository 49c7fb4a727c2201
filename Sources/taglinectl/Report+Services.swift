import AdminProtocol

extension Report {
  /// A server's times in microseconds: the columns and their keys.
  private static let times = [
    (title: "RESPONSE (us)", key: "response_time_us"),
    (title: "REQUEST (us)", key: "request_time_us"),
    (title: "NETWORK (us)", key: "network_time_us"),
  ]

  /// `show.services`: each service, below it its servers.
  static func services(_ result: JSONValue) -> String {
    let columns: [Table.Column] = [
      .left("SERVICE/SERVER"), .left("ADDRESS"), .left("ALGORITHM"), .left("STATE"),
      .left("HEALTH"), .right("WEIGHT"), .right("SESSIONS"), .right("TOTAL"), .right("REFUSED"),
      .left("FOR"),
    ]
    var table = Table(columns + times.map { .right($0.title) } + [.left("LAST CHECK")])
    for service in result.arrayValue ?? [] {
      table.add([
        cell(service["name"]),
        cell(service["protocol"]) + " " + endpoint(service["address"], service["port"]),
        cell(service["algorithm"]), "", "", "", cell(service["sessions"]), "",
        cell(service["refused"]), refusals(service["refused_by"]),
      ])
      for server in service["servers"]?.arrayValue ?? [] {
        let facts = [
          "  " + cell(server["name"]), cell(server["address"]), "", cell(server["state"]),
          cell(server["health"]), cell(server["weight"]), cell(server["sessions"]),
          cell(server["total_sessions"]), "", "",
        ]
        table.add(facts + times.map { cell(server[$0.key]) } + [cell(server["health_reason"])])
      }
    }
    return table.text
  }

  /// The reasons that sessions were refused for, each with its number.
  private static func refusals(_ reasons: JSONValue?) -> String {
    (reasons?.objectValue?.members ?? []).filter { $0.value != 0 }
      .map { "\($0.key) \(cell($0.value))" }.joined(separator: ", ")
  }

  /// `show.servers`: a line a server.
  static func servers(_ result: JSONValue) -> String {
    let columns: [Table.Column] = [
      .left("SERVICE"), .left("SERVER"), .left("ADDRESS"), .left("STATE"), .left("HEALTH"),
      .right("WEIGHT"), .right("SESSIONS"), .right("TOTAL"),
    ]
    var table = Table(columns + times.map { .right($0.title) } + [.left("LAST CHECK")])
    let keys = [
      "service", "name", "address", "state", "health", "weight", "sessions", "total_sessions",
    ]
    for server in result.arrayValue ?? [] {
      table.add((keys + times.map(\.key) + ["health_reason"]).map { cell(server[$0]) })
    }
    return table.text
  }
}
