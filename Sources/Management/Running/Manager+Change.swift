import AdminProtocol
import Snapshots

/// The methods that change something.
extension Manager {
  func setServer(_ params: JSONValue) throws(AdminError) -> JSONValue {
    try params.requireParameters(only: ["server", "weight", "state"])
    let name = try params.requiredStringParameter("server")
    let weight = try params.integerParameter("weight", in: 0...65_535)
    let word = try params.stringParameter("state")
    var state: ServerState?
    if let word {
      state = ServerState.allCases.first { "\($0)" == word }
      guard state != nil else {
        throw .invalidParameters("state is \(word); expected ready, drain or maint")
      }
    }
    guard weight != nil || state != nil else {
      throw .invalidParameters("nothing to set; expected weight, state or both")
    }
    let slot: UInt32
    do {
      slot = try plan.set(server: name, weight: weight.map { UInt32($0) }, state: state)
    } catch {
      throw .operational(error.lines.joined(separator: "; "))
    }
    publish()
    guard let server = plan.server(slot: slot) else { throw .internalError("the server is gone") }
    log.info("server \(name): state \(server.state), weight \(server.weight)")
    return [
      "server": .string(name), "weight": JSONValue(server.weight),
      "state": .string("\(server.state)"), "snapshot": JSONValue(snapshotNumber),
    ]
  }

  func withdrawSession(_ params: JSONValue) throws(AdminError) -> JSONValue {
    try params.requireParameters(only: ["label"])
    let label = try params.requiredIntegerParameter("label", in: 17...1_048_574)
    switch appliance.withdraw(label: UInt32(label)) {
    case .ordered: break
    case .notGiven:
      throw .operational("label \(label) is given to no session; show labels lists those that are")
    case .healthCheck:
      throw .operational(
        "label \(label) is a health check's, which is no session; the check gives it back itself")
    case .busy:
      throw .operational("the worker of label \(label) has too much to do; try again")
    }
    log.info("session of label \(label) withdrawn")
    return ["label": JSONValue(label)]
  }

  func reload(_ params: JSONValue) throws(AdminError) -> JSONValue {
    try params.requireParameters(only: ["config"])
    let path = try params.stringParameter("config")
    do {
      try reload(from: path ?? file)
    } catch {
      throw .operational(error.lines.joined(separator: "\n"))
    }
    return ["snapshot": JSONValue(snapshotNumber)]
  }

  /// Takes a configuration over, wholly or not at all.
  func reload(from path: String) throws(PlanError) {
    // The loop has no time for a pipe.
    let configuration = try Self.read(path, mayWait: false)
    var next = plan
    gatheredHealth.apply(to: &next)
    try next.apply(configuration)
    do {
      try openChecks(configuration)
    } catch {
      throw PlanError(lines: [error.description])
    }
    do {
      try offerMetrics(at: configuration.metrics)
    } catch {
      throw PlanError(lines: [error.description])
    }
    plan = next
    gatheredHealth = GatheredHealth()
    file = path
    watchHealth()
    tellKernel()
    publish()
    log.info("configuration \(path) loaded, snapshot \(snapshotNumber)")
  }

  /// Reads and checks a configuration file; the error's lines are what `check` prints.
  static func read(_ path: String, mayWait: Bool) throws(PlanError) -> Configuration {
    switch Configuration.read(file: path, mayWait: mayWait) {
    case .success(let configuration): return configuration
    case .failure(let errors): throw PlanError(lines: errors.lines)
    }
  }
}
