import AdminProtocol
import Wire

/// What an endpoint does, read off the kernel, and how it was set up.
public struct Status: Sendable {
  let device: Device
  let attachment: Attachment
  let state: SavedState?
  let settings: [ChangedSetting]
  /// In what the host is not as it was when it was attached: `mac`, `mtu`, `addresses`.
  let outdated: [String]
  let flows: [Flow]
  let totalFlows: Int
  let counters: [Counter]

  /// - Parameter limit: flows to read at most; all are counted.
  public static func read(_ name: String, limit: Int) throws(EndpointFailure) -> Status {
    let device = try Device.existing(name)
    let files = try StateFiles.open()
    let attachment = try Attachment.read(device)
    guard let program = attachment.anyProgram else {
      throw .refused("\(name) has no label endpoint; `tagline-endpoint attach` makes it one")
    }
    let tables = try FlowTables.of(program: program)
    let (flows, total) = try tables.readFlows(limit: limit)
    let state = try files.read(device)
    return Status(
      device: device, attachment: attachment, state: state,
      settings: try ChangedSetting.read(state, device),
      outdated: try state?.host.differences(from: HostView.read(device)) ?? [], flows: flows,
      totalFlows: total,
      counters: try tables.readCounters())
  }

  /// Packets sent with their session label.
  var hits: UInt64 { sum { $0 == "tx.labelled" } }

  /// TCP and UDP packets whose flow was not remembered.
  var misses: UInt64 { sum { $0 == "tx.miss" } }

  /// Packets dropped, and what the kernel refused.
  var errors: UInt64 { sum { $0.hasPrefix("drop.") || $0.hasPrefix("error.") } }

  private func sum(_ isCounted: (String) -> Bool) -> UInt64 {
    counters.reduce(0) { isCounted($1.name) ? $0 &+ $1.value : $0 }
  }

  /// Whether both programs are there, and run.
  var isWhole: Bool { attachment.isLearnOurs && attachment.isPushOurs && attachment.hasHook }
}

/// A setting that attaching changed, and the value that the device goes by now.
struct ChangedSetting: Sendable {
  let saved: SavedSetting
  let now: UInt32

  static func read(
    _ state: SavedState?, _ device: Device
  ) throws(EndpointFailure) -> [ChangedSetting] {
    var settings: [ChangedSetting] = []
    for saved in state?.settings ?? [] {
      let now = try saved.setting.readInEffect(device) ?? saved.set
      settings.append(ChangedSetting(saved: saved, now: now))
    }
    return settings
  }
}
