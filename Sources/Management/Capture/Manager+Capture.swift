import AdminProtocol

/// The `capture.*` methods.
extension Manager {
  func startCapture(_ params: JSONValue) throws(AdminError) -> JSONValue {
    let request = try CaptureRequest(params)
    let ports = try portIndices(request.ports)
    // The end of the one before is reported before it is the last no more.
    advanceCaptures()
    if let running = captures.current, !running.hasEnded {
      throw .operational(
        "a capture to \(running.request.file) is running: end it first, by capture.stop")
    }
    let run = try CaptureRun(request, ports: ports, appliance: appliance)
    captures.add(run)
    let filter = request.filter.isEmpty ? "" : ", filter '\(request.filter)'"
    let names = run.ports.joined(separator: ", ")
    let direction = request.direction.rawValue
    log.info("capture to \(request.file): ports \(names), direction \(direction)\(filter)")
    return run.described
  }

  /// Of the ports of these names; of all without names.
  private func portIndices(_ wanted: [String]?) throws(AdminError) -> [Int] {
    let names = appliance.devices.map(\.name)
    guard let wanted else { return Array(names.indices) }
    var indices: [Int] = []
    for name in wanted {
      guard let index = names.firstIndex(of: name) else {
        throw .operational("there is no port '\(name)'; ports: \(names.joined(separator: ", "))")
      }
      indices.append(index)
    }
    return indices
  }

  func stopCapture(_ params: JSONValue) throws(AdminError) -> JSONValue {
    try params.requireParameters(only: [])
    guard let running = captures.current, !running.hasEnded else {
      throw .operational("no capture is running")
    }
    running.stop()
    return running.described
  }

  func showCapture() -> JSONValue {
    captures.current?.described
      ?? ["running": false, "state": "none", "captured": 0, "filtered": 0, "lost": 0]
  }

  func advanceCaptures() {
    guard let ended = captures.advance() else { return }
    let numbers = "\(ended.packets) packets captured, \(ended.lost) lost"
    let cause = ended.end?.cause.rawValue ?? ""
    if let error = ended.end?.error {
      log.warning("capture to \(ended.request.file) ended: \(error); \(numbers)")
    } else {
      log.info("capture to \(ended.request.file) ended (\(cause)): \(numbers)")
    }
  }

  /// Completes the files of captures. Only when the workers have ended, and while DPDK is there.
  func endCaptures() {
    captures.endWithWorkers()
    advanceCaptures()
  }

  /// Beside the workers' counters.
  var captureCounters: [(name: String, value: UInt64)] {
    [("capture.packets", captures.packets), ("capture.lost", captures.lost)]
  }
}
