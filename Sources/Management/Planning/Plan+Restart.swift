extension Plan {
  /// What differs between two configurations and is fixed while the appliance runs, a line each.
  static func restartReasons(from old: Configuration, to new: Configuration) -> [String] {
    var lines: [String] = []
    func compare<Value: Equatable>(
      _ key: String, _ old: Value, _ new: Value, _ text: (Value) -> String
    ) {
      if old != new {
        lines.append("\(key): \(text(old)) cannot become \(text(new)) without a restart")
      }
    }
    func number(_ value: Int?) -> String { value.map { "\($0)" } ?? "the default" }
    compare("workers", old.workers, new.workers, number)
    compare("sessions-per-worker", old.sessionsPerWorker, new.sessionsPerWorker) { "\($0)" }
    compare("memory.hugepages", old.memory.hugepages, new.memory.hugepages) { "\($0)" }
    compare("memory.mbufs", old.memory.mbufs, new.memory.mbufs, number)
    compare("admin.socket", old.admin.socket, new.admin.socket) { $0 }
    compare("labels.range", old.labels.range, new.labels.range) {
      "\($0.lowerBound)-\($0.upperBound)"
    }
    compare("labels.first", old.labels.first, new.labels.first) { "\($0)" }
    let (oldNames, newNames) = (old.ports.map(\.name), new.ports.map(\.name))
    compare("ports", oldNames, newNames) { $0.joined(separator: ", ") }
    guard oldNames == newNames else { return lines }
    for (old, new) in zip(old.ports, new.ports) {
      let key = "port \(old.name)"
      compare("\(key): device", old.device, new.device) { $0 }
      compare("\(key): side", old.side, new.side) { "\($0)" }
      compare("\(key): mac", old.mac, new.mac) { $0.map { "\($0)" } ?? "the device's own" }
      compare("\(key): mtu", old.mtu, new.mtu) { "\($0)" }
      compare("\(key): vlan", old.vlan, new.vlan) { "\($0)" }
      // Sessions that go by it would have no way left.
      if old.gateway != nil, new.gateway == nil {
        lines.append("\(key): gateway cannot be taken away without a restart")
      }
      compare("\(key): address", old.addresses, new.addresses) {
        $0.isEmpty ? "none" : $0.map { "\($0)" }.joined(separator: ", ")
      }
    }
    return lines
  }
}
