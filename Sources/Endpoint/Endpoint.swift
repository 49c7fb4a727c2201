import CBPFShim
import Wire

/// The label endpoint of one device (label protocol, section 6).
///
/// The programs hold on to their maps as long as they are attached, and are found again by their
/// names. So nothing is pinned to a file system: nothing is left there by a crash, and network
/// namespaces, each with a /sys of its own, need no care.
public enum Endpoint {
  /// Attaches to a device, or gives an endpoint that is there another configuration; the flows stay.
  ///
  /// - Returns: lines that say what was done.
  public static func attach(
    _ name: String, _ configuration: Configuration
  ) throws(EndpointFailure) -> [String] {
    let device = try Device.existing(name)
    let files = try StateFiles.open()
    var attaching = try Attaching(device, configuration, files)
    let isFirst = attaching.isFirst
    do throws(EndpointFailure) {
      try attaching.run(files)
      return attaching.lines
    } catch {
      // What a first attach began is undone; a running endpoint goes on as it was.
      guard isFirst else { throw error }
      do throws(EndpointFailure) {
        _ = try detach(device, files)
      } catch let second {
        throw EndpointFailure(
          message: "\(error.message). Undoing what was begun failed too: \(second.message). "
            + "`tagline-endpoint detach \(name)` tries again",
          exitCode: error.exitCode)
      }
      throw error
    }
  }

  /// Detaches, and puts back what attaching changed.
  ///
  /// - Returns: lines that say what was done.
  public static func detach(_ name: String) throws(EndpointFailure) -> [String] {
    let found = try Device.find(name)
    let files = try StateFiles.open()
    if let found { return try detach(found, files) }
    if let renamed = try files.renamed(name)?.name {
      throw .refused("\(name) is called \(renamed) now: `tagline-endpoint detach \(renamed)`")
    }
    guard try files.removeGone(name) else {
      throw .refused("there is no device \(name) here; `ip link` lists them")
    }
    return ["\(name): the device is gone, and with it all that was changed"]
  }

  private static func detach(
    _ device: Device, _ files: borrowing StateFiles
  ) throws(EndpointFailure) -> [String] {
    let attachment = try Attachment.read(device)
    let state = try files.read(device)
    let isAttached = attachment.isLearnOurs || attachment.isPushOurs
    guard state != nil || isAttached else {
      try files.remove(device)
      return ["\(device.name): no label endpoint is attached; nothing to do"]
    }
    try attachment.detach(device)
    var lines = isAttached ? ["\(device.name): detached"] : []
    if let state { lines += try restore(state, on: device) }
    if state == nil {
      lines.append("\(device.name): no state was saved; settings are left as they are")
    }
    try files.remove(device)
    return lines
  }

  private static func restore(
    _ state: SavedState, on device: Device
  ) throws(EndpointFailure) -> [String] {
    var lines: [String] = []
    if state.madeHook, try Attachment.read(device).hasHook {
      let result = endpoint_hook_remove(device.interface)
      try check(result, "removing the clsact hook of \(device.name)")
      if result > 0 { lines.append("\(device.name): clsact stays, other filters use it") }
    }
    for saved in state.settings.reversed() {
      guard let now = try saved.setting.read(device), now != saved.was else { continue }
      let text = saved.setting.text
      if now == saved.set {
        try saved.setting.write(saved.was, device)
        lines.append("\(device.name): \(saved.setting) \(text(now)) -> \(text(saved.was))")
      } else {
        lines.append(
          "\(device.name): \(saved.setting) is \(text(now)), which is not ours; left so "
            + "(it was \(text(saved.was)))")
      }
    }
    return lines
  }
}
