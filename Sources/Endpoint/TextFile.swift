import Glibc

/// Small files read and written whole.
enum TextFile {
  /// nil: there is no such file.
  static func read(_ path: String) throws(EndpointFailure) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw .system("reading \(path)", errno)
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe part.withUnsafeMutableBytes { bytes in
        unsafe Glibc.read(descriptor, bytes.baseAddress, bytes.count)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw .system("reading \(path)", errno)
      }
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += part.prefix(count)
    }
  }

  /// What a folder has.
  static func names(in folder: String) throws(EndpointFailure) -> [String] {
    guard let stream = unsafe opendir(folder) else { throw .system("reading \(folder)", errno) }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      // Up to its zero byte.
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { characters in
          unsafe String(cString: characters)
        }
      }
      names.append(name)
    }
    return names
  }

  /// Writes into the file that is there, as sysctls want it.
  static func overwrite(_ path: String, _ text: String) throws(EndpointFailure) {
    let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system("writing \(path)", errno) }
    defer { close(descriptor) }
    try write(text, to: descriptor, path)
  }

  /// Puts a file of this text, readable by its owner alone, in the place of what is there, so that a
  /// reader at any moment, also after a crash, finds the whole of the one or the other.
  static func replace(_ path: String, _ text: String) throws(EndpointFailure) {
    let new = path + ".new"
    let descriptor = unsafe open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system("writing \(new)", errno) }
    do throws(EndpointFailure) {
      try write(text, to: descriptor, new)
      guard fsync(descriptor) == 0 else { throw .system("writing \(new)", errno) }
    } catch {
      close(descriptor)
      throw error
    }
    close(descriptor)
    guard unsafe rename(new, path) == 0 else { throw .system("writing \(path)", errno) }
  }

  private static func write(
    _ text: String, to descriptor: CInt, _ path: String
  ) throws(EndpointFailure) {
    var rest = ArraySlice(text.utf8)
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { bytes in
        unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw .system("writing \(path)", errno)
      }
      rest = rest.dropFirst(count)
    }
  }
}
