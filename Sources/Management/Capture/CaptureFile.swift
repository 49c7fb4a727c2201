import Glibc

/// The file that a capture goes to: a new one, or a FIFO that is there.
///
/// A FIFO that nobody reads cannot be opened for writing yet (fifo(7)), so it has no descriptor
/// before `isOpen()` was true once.
final class CaptureFile: @unchecked Sendable {
  /// Why not all was written.
  enum Failure: Error, Equatable {
    /// Nobody reads the FIFO any more.
    case readerGone
    /// The FIFO is full, and is waited for no longer.
    case readerStalled
    case system(Int32)
  }

  let path: String
  private(set) var isFIFO = false
  private var descriptor: Int32

  /// Makes the file, with mode 0600, or finds the FIFO. Nothing else may be there.
  init(_ path: String) throws(CaptureError) {
    self.path = path
    // Never through a link: whoever may write to the directory could have set one.
    descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor < 0 else { return }
    let code = errno
    var status = stat()
    guard code == EEXIST else {
      throw CaptureError("\(path) cannot be made: \(Self.text(code))")
    }
    guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else {
      throw CaptureError("\(path) is there already: name another file, or remove it")
    }
    isFIFO = true
    _ = try isOpen()
  }

  deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

  /// Whether it can be written to: a FIFO can once somebody reads it.
  func isOpen() throws(CaptureError) -> Bool {
    guard descriptor < 0 else { return true }
    descriptor = unsafe open(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)
    if descriptor < 0 {
      guard errno == ENXIO || errno == EINTR else {
        throw CaptureError("\(path) cannot be opened: \(Self.text(errno))")
      }
      return false
    }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else {
      throw CaptureError("\(path) is no FIFO any more")
    }
    return true
  }

  /// Whether anybody still reads it, a FIFO; true of a file.
  var hasReader: Bool {
    guard isFIFO else { return true }
    var polled = pollfd(fd: descriptor, events: 0, revents: 0)
    _ = unsafe poll(&polled, 1, 0)
    return polled.revents & Int16(POLLERR) == 0
  }

  /// Writes bytes, as many as go.
  ///
  /// - Parameter isWorthWaiting: asked now and then while a FIFO is full, with the time since the
  ///   reader took something
  /// - Returns: how many were written, and why not all
  func write(
    _ bytes: [UInt8], isWorthWaiting: (Duration) -> Bool
  ) -> (count: Int, failure: Failure?) {
    unsafe bytes.withUnsafeBytes { buffer in
      var done = 0
      var lastProgress = ContinuousClock.now
      while done < buffer.count {
        let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[done...])
        let count = unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
        if count > 0 {
          done += count
          lastProgress = .now
          continue
        }
        switch count < 0 ? errno : EAGAIN {
        case EINTR: break
        case EAGAIN:
          guard isWorthWaiting(.now - lastProgress) else { return (done, .readerStalled) }
          var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          _ = unsafe poll(&polled, 1, 50)
        case EPIPE: return (done, .readerGone)
        case let code: return (done, .system(code))
        }
      }
      return (done, nil)
    }
  }

  /// Cuts off what lies behind `length` bytes; nothing of a FIFO.
  func truncate(to length: Int) {
    if !isFIFO { _ = ftruncate(descriptor, off_t(length)) }
  }

  /// Says that it is complete: some file systems report an error only now.
  func close() -> Failure? {
    guard descriptor >= 0 else { return nil }
    let result = Glibc.close(descriptor)
    descriptor = -1
    return result == 0 ? nil : .system(errno)
  }

  static func text(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
}

/// Why a capture cannot be begun, in words that say what to do.
struct CaptureError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
