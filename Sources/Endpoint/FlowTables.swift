import CBPFShim
import Wire

/// The maps that stay when a configuration changes: flows, fragments, counters.
struct FlowTables: ~Copyable {
  let flows: Descriptor
  let fragments: Descriptor
  let counters: Descriptor

  init(_ tables: endpoint_tables) {
    flows = Descriptor(tables.flows)
    fragments = Descriptor(tables.fragments)
    counters = Descriptor(tables.counters)
  }

  /// None yet.
  init() {
    self.init(endpoint_tables(flows: -1, fragments: -1, counters: -1))
  }

  /// Those of a program that is loaded.
  static func of(program: UInt32) throws(EndpointFailure) -> FlowTables {
    var tables = endpoint_tables()
    try check(
      unsafe endpoint_tables_open(program, &tables), "opening the maps of program \(program)")
    return FlowTables(tables)
  }

  var descriptors: endpoint_tables {
    endpoint_tables(flows: flows.number, fragments: fragments.number, counters: counters.number)
  }

  /// The first `limit` flows in the table's order, and how many there are.
  func readFlows(limit: Int) throws(EndpointFailure) -> (flows: [Flow], total: Int) {
    var read: [Flow] = []
    var total = 0
    let now = endpoint_monotonic_ns()
    var key = endpoint_flow_key()
    var next = endpoint_flow_key()
    var flow = endpoint_flow()
    while true {
      let result =
        total == 0
        ? unsafe endpoint_flow_next(flows.number, nil, &next, &flow)
        : unsafe endpoint_flow_next(flows.number, &key, &next, &flow)
      try check(result, "reading the flows")
      if result == 0 { return (read, total) }
      if read.count < limit { read.append(Flow(next, flow, now: now)) }
      total += 1
      key = next
    }
  }

  /// All counters in their order.
  func readCounters() throws(EndpointFailure) -> [Counter] {
    var counters: [Counter] = []
    for number in 0..<ENDPOINT_COUNTER_COUNT.rawValue {
      var value: UInt64 = 0
      try check(
        unsafe endpoint_counter_read(self.counters.number, number, &value), "reading the counters")
      counters.append(
        Counter(
          name: unsafe String(cString: endpoint_counter_name(number)),
          text: unsafe String(cString: endpoint_counter_text(number)), value: value))
    }
    return counters
  }
}

/// A counter with its name and what it counts.
public struct Counter: Equatable, Sendable {
  public let name: String
  public let text: String
  public let value: UInt64
}
