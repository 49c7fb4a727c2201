import AdminProtocol

extension Report {
  /// `show.services`: each service, below it its servers.
  static func services(_ result: JSONValue) -> String {
    var table = Table([
      .left("SERVICE/SERVER"), .left("ADDRESS"), .left("ALGORITHM"), .left("STATE"),
      .left("HEALTH"), .right("WEIGHT"), .right("SESSIONS"), .right("TOTAL"), .right("REFUSED"),
      .right("RESPONSE (us)"), .left("LAST CHECK"),
    ])
    for service in result.arrayValue ?? [] {
      table.add([
        cell(service["name"]),
        cell(service["protocol"]) + " " + endpoint(service["address"], service["port"]),
        cell(service["algorithm"]), "", "", "", cell(service["sessions"]), "",
        cell(service["refused"]), "", "",
      ])
      for server in service["servers"]?.arrayValue ?? [] {
        table.add([
          "  " + cell(server["name"]), cell(server["address"]), "", cell(server["state"]),
          cell(server["health"]), cell(server["weight"]), cell(server["sessions"]),
          cell(server["total_sessions"]), "", cell(server["response_time_us"]),
          cell(server["health_reason"]),
        ])
      }
    }
    return table.text
  }

  /// `show.servers`: a line a server.
  static func servers(_ result: JSONValue) -> String {
    var table = Table([
      .left("SERVICE"), .left("SERVER"), .left("ADDRESS"), .left("STATE"), .left("HEALTH"),
      .right("WEIGHT"), .right("SESSIONS"), .right("TOTAL"), .right("RESPONSE (us)"),
      .left("LAST CHECK"),
    ])
    for server in result.arrayValue ?? [] {
      table.add(
        [
          "service", "name", "address", "state", "health", "weight", "sessions", "total_sessions",
          "response_time_us", "health_reason",
        ].map { cell(server[$0]) })
    }
    return table.text
  }
}
