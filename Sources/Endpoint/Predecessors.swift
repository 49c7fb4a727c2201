import CBPFShim

/// Who sees outgoing packets before the endpoint does.
struct Predecessors: Equatable, Sendable {
  /// Preferences of egress filters, lowest first; the endpoint's is 100.
  let filters: [UInt16]
  let tcxPrograms: Int

  static func read(_ device: Device, hook: endpoint_hook) throws(EndpointFailure) -> Predecessors {
    var preferences = [UInt16](repeating: 0, count: 100)
    var count: CInt = 0
    if hook == ENDPOINT_HOOK_CLSACT {
      count = unsafe endpoint_earlier_filters(
        device.interface, &preferences, CInt(preferences.count))
      try check(count, "reading the egress filters of \(device.name)")
    }
    return Predecessors(
      filters: Array(preferences.prefix(Int(count))),
      tcxPrograms: Int(endpoint_tcx_programs(device.interface)))
  }

  /// What that means; nil: there are none.
  func warning(_ device: String) -> String? {
    var names: [String] = []
    if !filters.isEmpty {
      let list = filters.map(String.init).joined(separator: ", ")
      names.append("egress filters of preference \(list) (`tc filter show dev \(device) egress`)")
    }
    if tcxPrograms > 0 { names.append("tcx programs (`bpftool net show dev \(device)`)") }
    if names.isEmpty { return nil }
    return "\(device): \(names.joined(separator: " and ")) run before the endpoint: what they "
      + "decide on goes without label; the endpoint sees what they answer `continue` "
      + "(TC_ACT_UNSPEC) to"
  }
}
