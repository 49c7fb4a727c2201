import Glibc
import Wire

/// One run of `attach`.
struct Attaching {
  private let device: Device
  private let configuration: Configuration
  private let attachment: Attachment
  private var state: SavedState
  /// Whether neither programs nor changes were there before.
  let isFirst: Bool
  /// What was done, for people.
  private(set) var lines: [String] = []
  /// What the device does not do, though nothing goes wrong by it.
  private var unmet: [Preparation] = []

  init(
    _ device: Device, _ configuration: Configuration, _ files: borrowing StateFiles
  ) throws(EndpointFailure) {
    self.device = device
    self.configuration = configuration
    attachment = try Attachment.read(device)
    try attachment.refuseOthers(device)

    if let saved = try files.read(device) {
      // Its values of before are the true ones, also if that attach did not get to its end.
      state = saved
      state.device = device.name
      isFirst = false
      if !saved.isComplete { lines.append("\(device.name): taking over an attach that broke off") }
    } else {
      if try files.remove(device) {
        lines.append("\(device.name): forgetting what was saved of an earlier device of this name")
      }
      state = SavedState(
        device: device.name, interface: device.interface, isComplete: false,
        madeHook: !attachment.hasHook, appliances: [], clientPrefixes: [],
        host: try HostView.read(device), settings: [])
      isFirst = attachment.anyProgram == nil
    }
  }

  mutating func run(_ files: borrowing StateFiles) throws(EndpointFailure) {
    let locals = try Route.read(.local)
    let needed = Preparation.needed(holdsVirtualAddress: try holdsVirtualAddress(locals))

    var changes: [Preparation] = []
    for preparation in needed {
      switch try preparation.standing(on: device) {
      case .met: break
      case .due(let now):
        changes.append(preparation)
        save(preparation, was: now)
      case .impossible: try doWithout(preparation)
      }
    }
    state.isComplete = false
    state.host = try HostView.read(device)
    try files.write(state)

    try apply(changes)
    let mode = try load()
    state.appliances = configuration.appliances.texts
    state.clientPrefixes = configuration.clientPrefixes.map(\.description)
    state.isComplete = true
    try files.write(state)
    describe(mode)
    try describeUnmet()
    if let warning = attachment.predecessors.warning(device.name) { lines.append(warning) }
    if let advice = try LabelRoom.read(device).advice { lines.append(advice) }
    if isFirst, let advice = try PacketSteering.read(device)?.advice { lines.append(advice) }
    try adviseOnPacing()
  }

  /// Whether lo has an IPv4 address or network besides its own.
  private func holdsVirtualAddress(_ locals: [Route]) throws(EndpointFailure) -> Bool {
    let loopback = Int32(bitPattern: unsafe if_nametoindex("lo"))
    return locals.contains { route in
      route.interface == loopback && route.destination.address.isIPv4
        && !route.destination.address.isLoopback
    }
  }

  private mutating func save(_ preparation: Preparation, was: UInt32) {
    let setting = preparation.setting
    if let index = state.settings.firstIndex(where: { $0.setting == setting }) {
      state.settings[index].set = preparation.value
    } else {
      state.settings.append(SavedSetting(setting: setting, was: was, set: preparation.value))
    }
  }

  private mutating func apply(_ changes: [Preparation]) throws(EndpointFailure) {
    for change in changes {
      let setting = change.setting
      let before = try setting.read(device) ?? change.value
      try setting.write(change.value, device)
      guard try change.isInEffect(on: device) else {
        try doWithout(change)
        continue
      }
      lines.append(
        "\(device.name): \(setting) \(setting.text(before)) -> \(setting.text(change.value)): "
          + change.reason)
    }
  }

  /// Throws if packets would be wrong then.
  private mutating func doWithout(_ preparation: Preparation) throws(EndpointFailure) {
    guard preparation.otherwise != .wrong else {
      throw .lacking(
        "\(device.name): \(preparation.setting) cannot be turned off here, and labelled packets "
          + "would leave with wrong checksums, since \(preparation.reason). Have the addresses on "
          + "a device that can, such as that which this one stands on")
    }
    unmet.append(preparation)
  }

  private mutating func describeUnmet() throws(EndpointFailure) {
    for case .told(let variable) in unmet.map(\.otherwise) {
      let name = "net.ipv4.conf.all." + variable.rawValue
      let value = try variable.read("all") ?? 0
      lines.append(
        "\(device.name): \(name) is \(value), and the kernel goes by the greater of it and the "
          + "device's: this host tells that it has the virtual address on lo, which only the "
          + "appliance may. `sysctl -w \(name)=\(variable.value)`, and attach again")
    }
    let names = unmet.filter { $0.otherwise == .unlabelled }.map(\.setting.description)
    guard !names.isEmpty else { return }
    lines.append(
      "\(device.name): stay as they are, this device cannot change them: "
        + names.joined(separator: ", ")
        + "; packets of several segments go without label, which is slower")
  }

  private mutating func load() throws(EndpointFailure) -> Attachment.Mode {
    let programs: Programs
    if let id = attachment.anyProgram {
      let tables = try FlowTables.of(program: id)
      if let kept = try Programs.load(configuration, for: state.host, kept: tables) {
        programs = kept
      } else {
        programs = try loadAnew()
        lines.append(
          "\(device.name): flows are forgotten: another version of the endpoint kept them "
            + "otherwise. They come again with the next labels")
      }
    } else {
      programs = try loadAnew()
    }
    let (mode, reason) = try programs.attach(to: device, replacing: attachment)
    if let reason {
      lines.append("\(device.name): XDP is generic, slower than native: \(reason)")
    }
    return mode
  }

  private func loadAnew() throws(EndpointFailure) -> Programs {
    let none = FlowTables()
    guard let programs = try Programs.load(configuration, for: state.host, kept: none) else {
      throw .lacking("the endpoint's programs cannot be loaded")
    }
    return programs
  }

  private mutating func describe(_ mode: Attachment.Mode) {
    let appliances =
      configuration.appliances == .any
      ? "anybody; whoever is on the segment can redirect flows"
      : configuration.appliances.texts.joined(separator: ", ")
    var line =
      "\(device.name): \(attachment.anyProgram == nil ? "attached" : "updated, flows kept"), "
      + "\(mode.rawValue) XDP; learns from \(appliances)"
    if !configuration.clientPrefixes.isEmpty {
      line +=
        "; explicit null to "
        + configuration.clientPrefixes.map(\.description).joined(separator: ", ")
    }
    lines.append(line)
  }

  /// BBR paces each segment by a timer of its own where segments are not sent several together.
  private mutating func adviseOnPacing() throws(EndpointFailure) {
    let name = "net.ipv4.tcp_congestion_control"
    let path = name.split(separator: ".").joined(separator: "/")
    guard isFirst, try Sysctl.text(path) == "bbr" else { return }
    lines.append(
      "\(device.name): BBR paces single segments, and is slow at it where timers are, as in virtual "
        + "machines; to have another: sysctl -w \(name)=cubic")
  }
}
