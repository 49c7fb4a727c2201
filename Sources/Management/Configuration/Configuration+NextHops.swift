import Wire

extension Configuration {
  /// Reports a gateway whose Ethernet address neither stands in the file nor can be resolved.
  ///
  /// - Parameter hasAddresses: whether the port has the key, read or not
  static func checkGateway(of port: Port, _ gateway: Section, hasAddresses: Bool) {
    guard case .address(let address) = port.gateway else { return }
    if !hasAddresses {
      gateway.report(
        "address", "gateway \(address) cannot be resolved, since the port has no address",
        expected: "mac, or an address of the port with its prefix length")
    } else if !port.addresses.isEmpty, !port.isOnLink(address) {
      gateway.report(
        "address", "gateway \(address) is not within the port's prefixes",
        expected: "an address on the port's link")
    }
  }

  /// The same of a server, whose port is known.
  func checkNextHop(of server: Server, _ section: Section) {
    let port = ports[server.port]
    guard section.value("mac") == nil, port.gateway == nil, !port.isOnLink(server.address) else {
      return
    }
    if port.addresses.isEmpty {
      section.diagnostics.report(
        section.place, "server has no mac, and port \(port.name) no address to resolve it from",
        expected: "mac, or an address of the port")
    } else {
      section.diagnostics.report(
        section.place,
        "server has no mac, and \(server.address) is not within the prefixes of port \(port.name)",
        expected: "mac, an address on the port's link, or a gateway of the port")
    }
  }
}
