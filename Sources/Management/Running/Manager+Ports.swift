import AdminProtocol
import Dataplane
import Wire

/// `show.ports`.
extension Manager {
  func showPorts() -> JSONValue {
    .array(
      appliance.devices.indices.map { index in
        let device = appliance.devices[index]
        let statistics = device.statistics.map { ($0.name, JSONValue($0.value)) }
        return .object(
          JSONObject(
            [
              ("name", .string(device.name)), ("device", .string(device.device)),
              ("driver", .string(device.driver)),
              ("mac", .string("\(MACAddress(word: device.mac))")),
              ("side", .string("\(plan.configuration.ports[index].side)")),
              ("twin", describeTwin(port: index)),
            ] + Self.describe(device.abilities, link: device.link, mtu: device.mtu) + statistics))
      })
  }

  /// Who does what of a port.
  static func describe(
    _ abilities: PortAbilities, link: PortLink, mtu: UInt16
  ) -> [(String, JSONValue)] {
    [
      ("rx_queues", JSONValue(abilities.rxQueues)),
      ("tx_queues", JSONValue(abilities.txQueues)),
      ("link", .string(link.text)),
      ("mtu", JSONValue(mtu)),
      ("mtu_by", .string(abilities.mtu.rawValue)),
      ("mac_filter", .string(abilities.macFilter.rawValue)),
      ("vlan", .string("software")),
      ("rss", .string(abilities.rss.rawValue)),
      ("rss_hash_in_packet", .bool(abilities.givesHash)),
      ("label_rss", .string("none")),
      ("labels_on", .string(abilities.labels)),
      ("checksums", .string(abilities.checksums)),
    ]
  }
}
