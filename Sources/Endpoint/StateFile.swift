import AdminProtocol
import CBPFShim
import Glibc

/// The file that keeps a device's saved state, and a lock: commands take turns.
///
/// It lies under /run, which a restart of the machine empties, as it does the device's settings.
struct StateFile: ~Copyable {
  static let folder = "/run/tagline"

  let path: String
  /// Locked until it is closed.
  private let lock: Descriptor

  private init(path: String, lock: consuming Descriptor) {
    self.path = path
    self.lock = lock
  }

  /// Waits while another command is at work.
  static func open(device: String) throws(EndpointFailure) -> StateFile {
    guard unsafe mkdir(folder, 0o755) == 0 || errno == EEXIST else {
      throw .system("making \(folder)", errno)
    }
    let lockPath = folder + "/endpoint.lock"
    let lock = Descriptor(unsafe Glibc.open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600))
    guard lock.number >= 0 else { throw .system("opening \(lockPath)", errno) }
    while flock(lock.number, LOCK_EX) != 0 {
      guard errno == EINTR else { throw .system("locking \(lockPath)", errno) }
    }
    let path = folder + "/endpoint-" + networkNamespace() + device + ".json"
    return StateFile(path: path, lock: lock)
  }

  /// nil: nothing was saved.
  func read() throws(EndpointFailure) -> SavedState? {
    guard let text = try TextFile.read(path) else { return nil }
    guard let json = try? JSONValue(parsing: text), let state = SavedState(json) else {
      throw .lacking(
        "\(path) cannot be read: it is no state of this version. Detach with the version that "
          + "attached, or remove the file and set the device up anew")
    }
    return state
  }

  func write(_ state: SavedState) throws(EndpointFailure) {
    try TextFile.replace(path, state.json.encodedText + "\n")
  }

  func remove() throws(EndpointFailure) {
    guard unsafe unlink(path) == 0 || errno == ENOENT else {
      throw .system("removing \(path)", errno)
    }
  }

  /// Empty in the first network namespace. /run is shared with the others, where another device may
  /// have the same name.
  private static func networkNamespace() -> String {
    let number = endpoint_network_namespace()
    return number <= 1 ? "" : "net\(number)-"
  }
}
