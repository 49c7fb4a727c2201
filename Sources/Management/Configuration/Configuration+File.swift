#if canImport(Glibc)
  import Glibc
#endif

extension Configuration {
  /// Reads a file as `read(text:file:)` reads its text. One that cannot be read, or holds more than
  /// 64 MiB, is told by a line without a place.
  ///
  /// - Parameter mayWait: whether it may be a pipe or a terminal, whose reader waits for a writer
  public static func read(
    file: String, mayWait: Bool = true
  ) -> Result<Configuration, ConfigurationErrors> {
    do throws(ConfigurationErrors) {
      let bytes = try contents(of: file, mayWait: mayWait)
      guard let text = String(validating: bytes, as: UTF8.self) else {
        let diagnostics = Diagnostics()
        diagnostics.report(
          placeOfFault(in: bytes), "a byte that is not UTF-8", expected: "YAML in UTF-8")
        return .failure(diagnostics.errors(file: file))
      }
      return read(text: text, file: file)
    } catch {
      return .failure(error)
    }
  }

  private static func contents(
    of file: String, mayWait: Bool
  ) throws(ConfigurationErrors) -> [UInt8] {
    // Opening a pipe waits for a writer, too.
    let descriptor = unsafe open(file, O_RDONLY | O_CLOEXEC | (mayWait ? 0 : O_NONBLOCK))
    guard descriptor >= 0 else { throw unreadable(file, errno) }
    defer { close(descriptor) }
    guard mayWait || isRegular(descriptor) else {
      throw ConfigurationErrors(lines: ["\(file): is no regular file; expected one"])
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe chunk.withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
      }
      if count == 0 { return bytes }
      if count < 0, errno == EINTR { continue }
      if count < 0 { throw unreadable(file, errno) }
      bytes += chunk[..<count]
      if bytes.count > 1 << 26 { throw unreadable(file, EFBIG) }
    }
  }

  private static func isRegular(_ descriptor: Int32) -> Bool {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  private static func unreadable(_ file: String, _ code: Int32) -> ConfigurationErrors {
    let reason = unsafe String(cString: strerror(code))
    return ConfigurationErrors(lines: ["\(file): cannot be read: \(reason); expected YAML"])
  }

  private static func placeOfFault(in bytes: [UInt8]) -> Place {
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var scalars: [Unicode.Scalar] = []
    while case .scalarValue(let scalar) = decoder.decode(&iterator) { scalars.append(scalar) }
    return Place(after: scalars)
  }
}
