extension Configuration {
  /// What the configuration asks for that this version can check but not run, a line each; `run`
  /// refuses them.
  public var notBuilt: [String] {
    var lines: [String] = []
    for port in ports {
      if !port.addresses.isEmpty {
        lines.append("port \(port.name): address (a kernel twin) is not built yet; leave it out")
      }
      if case .address = port.gateway {
        lines.append("port \(port.name): a gateway by address is not built yet; give its mac")
      }
    }
    for service in services {
      if service.algorithm == .rt || service.algorithm == .p2c {
        lines.append(
          "service \(service.name): algorithm \(service.algorithm) is not built yet; "
            + "use rr, wrr, lc, wlc or maglev")
      }
      for server in service.servers where server.mac == nil {
        lines.append(
          "server \(service.name)/\(server.name): finding its mac by address is not built yet; "
            + "give its mac")
      }
    }
    return lines
  }
}
