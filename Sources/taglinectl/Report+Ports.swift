import AdminProtocol

extension Report {
  /// `show.ports`: what the ports are, then whatever numbers the answer has about them.
  static func ports(_ result: JSONValue) -> String {
    let ports = result.arrayValue ?? []
    let facts = ["name", "device", "mac", "rx_queues", "tx_queues", "rss"]
    var table = Table([
      .left("PORT"), .left("DEVICE"), .left("MAC"), .right("RX QUEUES"), .right("TX QUEUES"),
      .left("RSS"),
    ])
    for port in ports { table.add(facts.map { cell(port[$0]) }) }

    let abilities = ["link", "mtu", "mtu_by", "mac_filter", "labels_on", "checksums"]
    var abilityTable = Table([
      .left("PORT"), .left("LINK"), .right("MTU"), .left("MTU BY"), .left("MAC FILTER"),
      .left("LABELS ON"), .left("CHECKSUMS"),
    ])
    for port in ports { abilityTable.add((["name"] + abilities).map { cell(port[$0]) }) }

    let statistics = ports.map { numbers(of: $0, except: facts + abilities) }
    var names: [String] = []
    for port in statistics {
      for name in port.keys where !names.contains(name) { names.append(name) }
    }
    let description = table.text + "\n" + abilityTable.text
    guard !names.isEmpty else { return description }
    var numberTable = Table(
      [.left("PORT")]
        + names.map { name in .right(String(name.map { $0 == "_" ? " " : $0 }).uppercased()) })
    for (port, numbers) in zip(ports, statistics) {
      numberTable.add([cell(port["name"])] + names.map { cell(numbers[$0]) })
    }
    return description + "\n" + numberTable.text
  }

  /// The numbers of an object and of the objects in it.
  private static func numbers(of value: JSONValue, except names: [String]) -> JSONObject {
    var numbers = JSONObject()
    for (key, value) in value.objectValue?.members ?? [] where !names.contains(key) {
      if value.doubleValue != nil {
        numbers[key] = value
      } else {
        for (key, value) in Report.numbers(of: value, except: []).members { numbers[key] = value }
      }
    }
    return numbers
  }
}
