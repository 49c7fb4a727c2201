import Dataplane

/// The worker's counters at one time.
struct Books {
  private var counters: [String: UInt64] = [:]
  private let sessions: Int

  init(_ appliance: Appliance) {
    for (name, value) in appliance.counters() { counters[name] = value }
    sessions = appliance.sessionCount
  }

  /// Compares the counters with later ones, and fails if what happened in between is not what was to be
  /// measured.
  func check(
    _ after: Books, _ expectation: Scenario.Expectation, packets: Int, labelled: Int = 0,
    strangers: Int = 0
  ) throws(BenchFailure) {
    var expected: [String: Int] = ["rx.packets": packets, "tx.packets": packets]
    var endings: Int?
    switch expectation {
    case .switched(let popped):
      expected["label.switched"] = packets
      expected["label.popped"] = popped ? packets : 0
    case .known:
      expected["analysed.forwarded"] = packets
    case .new:
      expected["analysed.forwarded"] = packets
      expected["session.new"] = packets
      endings = packets
    case .stateless:
      expected["analysed.forwarded"] = packets
      expected["label.embryonic_full"] = packets
    case .mixed:
      expected["label.switched"] = labelled
      expected["analysed.forwarded"] = packets - labelled
      expected["session.new"] = strangers
      endings = strangers
    }
    var wrong: [String] = []
    for (name, value) in after.counters {
      // A time by a clock that was moved.
      if name == "worker.busy_ns" { continue }
      let change = Int(value) - Int(counters[name] ?? 0)
      switch name {
      case "session.ended":
        let wanted = endings ?? 0
        // Timers fire by ticks, and a little late.
        let slack = endings == nil ? 0 : wanted / 20 + 4096
        if abs(change - wanted) > slack { wrong.append("\(name) \(change), not \(wanted)") }
      default:
        let wanted = expected[name] ?? 0
        if change != wanted { wrong.append("\(name) \(change), not \(wanted)") }
      }
    }
    guard wrong.isEmpty else {
      throw BenchFailure(
        "what was measured is not what was meant: \(wrong.sorted().joined(separator: ", "))"
          + " (\(after.sessions) sessions, \(sessions) before)", code: 1)
    }
  }
}
