import Snapshots
import Wire
import Yams

extension Configuration {
  private static let portKeys = [
    "name", "device", "side", "mac", "mtu", "vlan", "address", "gateway",
  ]

  /// The ports in order, each with what services need to refer to it.
  ///
  /// - Returns: the index of each name
  mutating func readPorts(_ root: Section) -> [String: Int] {
    guard root.required("ports", expected: "a list of ports") != nil else { return [:] }
    let sections = root.sections("ports", title: "port", keys: Self.portKeys)
    if sections.count > Self.maximumPorts {
      sections[Self.maximumPorts].diagnostics.report(
        sections[Self.maximumPorts].place, "there are \(sections.count) ports",
        expected: "at most \(Self.maximumPorts)")
    }
    var names = FirstPlaces()
    var devices = FirstPlaces()
    var indices: [String: Int] = [:]
    for section in sections {
      let port = Self.readPort(section)
      if !port.name.isEmpty {
        names.add(port.name, in: section, key: "name", what: "port name")
        indices[port.name] = indices[port.name] ?? ports.count
      }
      if !port.device.isEmpty {
        // What stands before the arguments names the device.
        devices.add(
          String(port.device.prefix { $0 != "," }), in: section, key: "device", what: "device")
      }
      ports.append(port)
    }
    reportMissingSides(root, sections)
    return indices
  }

  /// Only where every side was read: else the message would follow from another's fault.
  private func reportMissingSides(_ root: Section, _ sections: [Section]) {
    guard !ports.isEmpty,
      sections.allSatisfy({ $0.value("side") == nil || $0.isWord("side", PortSide.self) })
    else { return }
    if !ports.contains(where: \.side.facesClients) {
      root.report("ports", "no port faces clients", expected: "a port with side client or both")
    }
    if !ports.contains(where: \.side.facesServers) {
      root.report("ports", "no port faces servers", expected: "a port with side server or both")
    }
  }

  private static func readPort(_ section: Section) -> Port {
    var port = Port()
    port.name = section.name("name") ?? ""
    let device = "a PCI address or a DPDK device such as net_pcap0,iface=eth0"
    if let node = section.required("device", expected: device) {
      port.device = section.parse(node, "device", expected: device) { $0 } ?? ""
    }
    port.side = section.word("side") ?? port.side
    port.mac = section.mac("mac")
    port.mtu = section.integer("mtu", in: 576...9216).map { UInt16($0) } ?? port.mtu
    port.vlan = section.integer("vlan", in: 0...4094).map { UInt16($0) } ?? port.vlan
    for node in section.list("address", of: "addresses such as 192.0.2.1/24") ?? [] {
      let expected = "a host's address with its prefix length, such as 192.0.2.1/24"
      guard let prefix = section.parse(node, "address", expected: expected, { AddressPrefix($0) })
      else { continue }
      if let fault = Section.fault(of: prefix.address, text: node.scalar?.string ?? "") {
        section.diagnostics.report(
          node.place, "address \(prefix.address) is \(fault)", expected: expected)
      } else {
        port.addresses.append(prefix)
      }
    }
    readGateway(section, into: &port)
    return port
  }

  private static func readGateway(_ section: Section, into port: inout Port) {
    guard let gateway = section.section("gateway", keys: ["mac", "address"]) else { return }
    let mac = gateway.mac("mac")
    let address = gateway.address(gateway.value("address"), "address")
    switch (gateway.value("mac") == nil, gateway.value("address") == nil) {
    case (true, true):
      gateway.diagnostics.report(
        gateway.place, "gateway has neither mac nor address", expected: "one of them")
    case (false, false):
      gateway.report("address", "gateway has both mac and address", expected: "one of them")
    default:
      break
    }
    port.gateway = mac.map { .mac($0) } ?? address.map { .address($0) }
    checkGateway(of: port, gateway, hasAddresses: section.value("address") != nil)
  }
}

/// Finds what must stand only once in the file.
struct FirstPlaces {
  private var lines: [String: Int] = [:]

  mutating func add(_ value: String, in section: Section, key: String, what: String) {
    let place = section.place(of: key)
    if let line = lines[value] {
      section.report(
        key, "the \(what) \(value.quoted) is taken", expected: "another than that of line \(line)")
    } else {
      lines[value] = place.line
    }
  }
}
