import CBPFShim
import Glibc
import Wire

/// The endpoint's two programs, loaded with a configuration.
struct Programs: ~Copyable {
  private let learn: Descriptor
  private let push: Descriptor
  let tables: FlowTables

  /// Loads the programs on the tables of `kept`.
  ///
  /// - Returns: nil if those tables are another version's.
  static func load(
    _ configuration: Configuration, for host: HostView, kept: borrowing FlowTables
  ) throws(EndpointFailure) -> Programs? {
    var settings = endpoint_settings(
      mac: host.mac.word, mtu: host.mtu,
      any_appliance: configuration.appliances == .any ? 1 : 0,
      is_client: configuration.clientPrefixes.isEmpty ? 0 : 1, zero: 0)
    var tables = kept.descriptors
    var loaded = endpoint_programs()
    var message = [CChar](repeating: 0, count: 65536)
    let result = unsafe endpoint_programs_load(
      endpointObject, endpointObject.count, &settings, &tables, &loaded, &message, message.count)
    if result == -ESTALE { return nil }
    guard result == 0 else {
      let said = String(
        decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      // The verifier's last words stand before its count of instructions.
      let reason =
        said.split(separator: "\n").last { line in
          !["libbpf:", "--", "processed "].contains { line.hasPrefix($0) }
        }
        .map { " (\($0))" } ?? ""
      throw .system("loading the endpoint's programs\(reason)", result)
    }
    let programs = Programs(loaded)
    try fill(Descriptor(loaded.appliances), configuration.appliances)
    try fill(Descriptor(loaded.client_prefixes), configuration.clientPrefixes)
    try fill(Descriptor(loaded.local_prefixes), host.addresses)
    return programs
  }

  private init(_ loaded: endpoint_programs) {
    learn = Descriptor(loaded.learn)
    push = Descriptor(loaded.push)
    tables = FlowTables(loaded.tables)
  }

  private static func fill(
    _ map: consuming Descriptor, _ appliances: ApplianceSet
  ) throws(EndpointFailure) {
    guard case .only(let addresses) = appliances else { return }
    for address in addresses {
      try check(
        endpoint_appliance_add(map.number, address.word), "storing the appliance \(address)")
    }
  }

  private static func fill(
    _ map: consuming Descriptor, _ prefixes: [AddressPrefix]
  ) throws(EndpointFailure) {
    for prefix in prefixes {
      var key = prefix.key
      let result = unsafe endpoint_prefix_add(map.number, &key)
      try check(result, "storing the prefix \(prefix)")
    }
  }

  /// Attaches both, in the place of the endpoint's own if those are there.
  ///
  /// - Returns: the mode of XDP, and why it is not the native one.
  func attach(
    to device: Device, replacing attachment: Attachment
  ) throws(EndpointFailure) -> (mode: Attachment.Mode, reason: String?) {
    let (mode, reason) = try attachLearn(device, attachment)
    try check(
      endpoint_push_attach(device.interface, push.number),
      "attaching to the egress of \(device.name)")
    return (mode, reason)
  }

  private func attachLearn(
    _ device: Device, _ attachment: Attachment
  ) throws(EndpointFailure) -> (Attachment.Mode, String?) {
    if attachment.isLearnOurs, let (program, mode) = attachment.learn {
      try check(
        endpoint_learn_attach(device.interface, mode.number, learn.number, program),
        "replacing XDP on \(device.name)")
      return (mode, nil)
    }
    let native = endpoint_learn_attach(device.interface, ENDPOINT_MODE_NATIVE, learn.number, 0)
    if native == 0 { return (.native, nil) }
    let generic = endpoint_learn_attach(device.interface, ENDPOINT_MODE_GENERIC, learn.number, 0)
    try check(generic, "attaching XDP to \(device.name)")
    return (.generic, errorText(native))
  }
}
