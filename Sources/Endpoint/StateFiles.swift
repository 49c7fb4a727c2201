import AdminProtocol
import CBPFShim
import Glibc

/// The files that keep devices' saved state, and a lock: commands take turns.
///
/// They lie under /run, which a restart of the machine empties, as it does the devices' settings. A
/// device keeps its index when it is renamed, so the index names the file.
struct StateFiles: ~Copyable {
  static let folder = "/run/tagline"

  /// What the names of this network namespace's files begin with.
  private let prefix: String
  /// Locked until it is closed.
  private let lock: Descriptor

  private init(prefix: String, lock: consuming Descriptor) {
    self.prefix = prefix
    self.lock = lock
  }

  /// Waits while another command is at work.
  static func open() throws(EndpointFailure) -> StateFiles {
    guard unsafe mkdir(StateFiles.folder, 0o755) == 0 || errno == EEXIST else {
      throw .system("making \(StateFiles.folder)", errno)
    }
    let lockPath = StateFiles.folder + "/endpoint.lock"
    let lock = Descriptor(unsafe Glibc.open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600))
    guard lock.number >= 0 else { throw .system("opening \(lockPath)", errno) }
    while flock(lock.number, LOCK_EX) != 0 {
      guard errno == EINTR else { throw .system("locking \(lockPath)", errno) }
    }
    return StateFiles(prefix: "endpoint-" + (try networkNamespace()), lock: lock)
  }

  /// What was saved of a device, also under another name; nil: nothing was.
  func read(_ device: Device) throws(EndpointFailure) -> SavedState? {
    try files(device.name, device.interface).first { $0.state.isOf(device) }?.state
  }

  /// The device that had this name when its state was saved, and has another now.
  func renamed(_ name: String) throws(EndpointFailure) -> Device? {
    for (_, state) in try files(name, nil) where state.device == name {
      if let device = state.presentDevice { return device }
    }
    return nil
  }

  func write(_ state: SavedState) throws(EndpointFailure) {
    try TextFile.replace(path(state.interface), state.json.encodedText + "\n")
  }

  /// Removes what was saved of a device, and of earlier ones of its name or index.
  ///
  /// - Returns: whether there were earlier ones.
  @discardableResult
  func remove(_ device: Device) throws(EndpointFailure) -> Bool {
    var foundEarlier = false
    for (path, state) in try files(device.name, device.interface) {
      let isEarlier =
        !state.isOf(device)
        && (state.interface == device.interface
          || state.device == device.name && state.presentDevice == nil)
      foundEarlier = foundEarlier || isEarlier
      if isEarlier || state.isOf(device) { try remove(path) }
    }
    return foundEarlier
  }

  /// Removes what was saved of devices of this name that are gone.
  ///
  /// - Returns: whether there were any.
  func removeGone(_ name: String) throws(EndpointFailure) -> Bool {
    var found = false
    for (path, state) in try files(name, nil)
    where state.device == name && state.presentDevice == nil {
      try remove(path)
      found = true
    }
    return found
  }

  private func remove(_ path: String) throws(EndpointFailure) {
    guard unsafe unlink(path) == 0 || errno == ENOENT else {
      throw .system("removing \(path)", errno)
    }
  }

  private func path(_ interface: Int32) -> String {
    "\(StateFiles.folder)/\(prefix)\(interface).json"
  }

  /// All of this network namespace. Throws if the one that a device of this name or index may have
  /// cannot be read.
  private func files(
    _ name: String, _ interface: Int32?
  ) throws(EndpointFailure) -> [(path: String, state: SavedState)] {
    var files: [(path: String, state: SavedState)] = []
    for file in try TextFile.names(in: StateFiles.folder).sorted() {
      guard let key = key(of: file) else { continue }
      let path = "\(StateFiles.folder)/\(file)"
      guard let text = try TextFile.read(path) else { continue }
      if let json = try? JSONValue(parsing: text), let state = SavedState(json) {
        files.append((path, state))
      } else if key == name || key == interface.map(String.init) {
        throw .lacking(
          "\(path) cannot be read: it is no state of this version. Detach with the version that "
            + "attached, or remove the file and set the device up anew")
      }
    }
    return files
  }

  /// What a file of this network namespace is called by: an index, or a name as earlier versions had
  /// it. nil: it is none.
  private func key(of file: String) -> String? {
    guard file.hasPrefix(prefix), file.hasSuffix(".json") else { return nil }
    let key = String(file.dropFirst(prefix.count).dropLast(5))
    // In the first network namespace the prefix is that of all.
    let isOfAnother =
      prefix == "endpoint-" && key.hasPrefix("net")
      && key.dropFirst(3).drop(while: \.isNumber).first == "-"
    return isOfAnother ? nil : key
  }

  /// Empty in the first network namespace. /run is shared with the others, where another device may
  /// have the same index.
  private static func networkNamespace() throws(EndpointFailure) -> String {
    var number: UInt64 = 0
    let result = unsafe endpoint_network_namespace(&number)
    guard result != -ENOPROTOOPT else {
      throw .lacking(
        "this kernel does not tell network namespaces apart: Linux 5.14 or later is needed")
    }
    try check(result, "asking for the network namespace's number")
    return number == 1 ? "" : "net\(number)-"
  }
}

extension SavedState {
  /// Indices are given again to devices that are made with one.
  func isOf(_ device: Device) -> Bool {
    interface == device.interface && (self.device == device.name || host.mac == device.mac)
  }

  /// nil: it is gone.
  var presentDevice: Device? {
    var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
    guard unsafe if_indextoname(UInt32(interface), &name) != nil,
      let device = try? Device.find(
        String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)),
      isOf(device)
    else { return nil }
    return device
  }
}
