import CBPFShim
import Glibc

/// What is attached to a device.
struct Attachment: Sendable {
  enum Mode: String, Sendable {
    case native, generic

    var number: endpoint_mode { self == .native ? ENDPOINT_MODE_NATIVE : ENDPOINT_MODE_GENERIC }
  }

  let interface: Int32
  /// The XDP program's id and mode, whoever's it is.
  let learn: (program: UInt32, mode: Mode)?
  let isLearnOurs: Bool
  /// The program in the endpoint's place among the egress filters.
  let push: UInt32?
  let isPushOurs: Bool
  let hook: endpoint_hook
  let predecessors: Predecessors

  var hasHook: Bool { hook == ENDPOINT_HOOK_CLSACT }

  static func read(_ device: Device) throws(EndpointFailure) -> Attachment {
    var read = endpoint_attachment()
    let result = unsafe endpoint_attachment_read(device.interface, &read)
    try check(result, "asking what is attached to \(device.name)")
    return Attachment(device.interface, read, try Predecessors.read(device, hook: read.hook))
  }

  private init(
    _ interface: Int32, _ read: endpoint_attachment, _ predecessors: Predecessors
  ) {
    self.interface = interface
    learn =
      read.mode == ENDPOINT_MODE_NONE
      ? nil : (read.learn, read.mode == ENDPOINT_MODE_NATIVE ? .native : .generic)
    isLearnOurs = read.learn_is_ours != 0
    push = read.push == 0 ? nil : read.push
    isPushOurs = read.push_is_ours != 0
    hook = read.hook
    self.predecessors = predecessors
  }

  /// A program of ours that is attached: its maps are those in use. The pushing one has all.
  var anyProgram: UInt32? {
    if isPushOurs { return push }
    return isLearnOurs ? learn?.program : nil
  }

  /// Throws if something of somebody else's is where the endpoint's must be.
  func refuseOthers(_ device: Device) throws(EndpointFailure) {
    if let learn, !isLearnOurs {
      throw .lacking(
        "\(device.name) has another XDP program (id \(learn.program)): remove it first, "
          + "`ip link set dev \(device.name) xdp off`")
    }
    if hook == ENDPOINT_HOOK_INGRESS {
      throw .lacking(
        "\(device.name) has the queueing discipline `ingress`, in whose place clsact must stand: "
          + "remove it, `tc qdisc del dev \(device.name) ingress`; the filters on it work as well on "
          + "clsact, `tc qdisc add dev \(device.name) clsact`")
    }
    if push != nil, !isPushOurs {
      throw .lacking(
        "\(device.name) has another egress filter of priority 100: see "
          + "`tc filter show dev \(device.name) egress`")
    }
  }

  /// Removes the programs that are ours.
  func detach(_ device: Device) throws(EndpointFailure) {
    if isPushOurs {
      try check(endpoint_push_detach(interface), "detaching from the egress of \(device.name)")
    }
    if isLearnOurs, let learn {
      try check(
        endpoint_learn_detach(interface, learn.mode.number, learn.program),
        "detaching XDP from \(device.name)")
    }
  }
}
