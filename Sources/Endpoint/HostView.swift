import AdminProtocol
import Wire

/// What the programs are told of the host. It stays as it was when they were attached.
struct HostView: Equatable, Sendable {
  var mac: MACAddress
  var mtu: UInt32
  /// What the host takes as its own.
  var addresses: [AddressPrefix]

  static func read(_ device: Device) throws(EndpointFailure) -> HostView {
    HostView(
      mac: device.mac, mtu: device.mtu,
      addresses: try Route.read(.local).map(\.destination))
  }

  /// In what this view is not the other: `mac`, `mtu`, `addresses`.
  func differences(from other: HostView) -> [String] {
    var names: [String] = []
    if mac != other.mac { names.append("mac") }
    if mtu != other.mtu { names.append("mtu") }
    if Set(addresses) != Set(other.addresses) { names.append("addresses") }
    return names
  }
}

extension HostView {
  var json: JSONValue {
    [
      "mac": .string(mac.description),
      "mtu": JSONValue(mtu),
      "addresses": .array(addresses.map { .string($0.description) }),
    ]
  }

  /// nil: this is no such view.
  init?(_ json: JSONValue) {
    guard let mac = json["mac"]?.stringValue.flatMap({ MACAddress($0) }),
      let mtu = json["mtu"]?.intValue.flatMap(UInt32.init(exactly:)),
      let addresses = json["addresses"]?.arrayValue
    else { return nil }
    self.mac = mac
    self.mtu = mtu
    self.addresses = addresses.compactMap { value in
      value.stringValue.flatMap { try? AddressPrefix(network: $0) }
    }
  }
}
