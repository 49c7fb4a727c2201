import Glibc

/// Standard output or standard error, written without buffering.
public struct StandardStream: Sendable {
  public static let output = StandardStream(descriptor: STDOUT_FILENO)
  public static let error = StandardStream(descriptor: STDERR_FILENO)

  let descriptor: CInt

  /// Writes all of `text`. A closed pipe ends the output quietly: its reader has what it wanted.
  ///
  /// - Returns: false if the system refused for another reason (a full disk); `errno` tells it.
  @discardableResult
  public func write(_ text: String) -> Bool {
    var rest = ArraySlice(text.utf8)
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { bytes in
        unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
      }
      if count < 0 {
        if errno == EINTR { continue }
        return errno == EPIPE
      }
      rest = rest.dropFirst(count)
    }
    return true
  }
}
