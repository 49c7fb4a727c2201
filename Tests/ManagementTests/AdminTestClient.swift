import Foundation

/// A blocking client of a Unix stream socket. Reads give up after two minutes, so that no test hangs.
final class AdminTestClient {
  private let descriptor: CInt
  private var unread: [UInt8] = []
  private(set) var isAtEnd = false

  init(path: String) throws {
    descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
    var timeout = timeval(tv_sec: 120, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    var address = unixAddress(path)
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else {
      let code = errno
      Glibc.close(descriptor)
      throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO)
    }
  }

  deinit { Glibc.close(descriptor) }

  /// Sends all bytes; false if the server has closed.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  @discardableResult
  func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  /// Sends as much as the socket takes without waiting; the number of bytes.
  func sendWithoutWaiting(_ bytes: ArraySlice<UInt8>) -> Int {
    let count = bytes.withUnsafeBytes {
      Glibc.send(
        descriptor, $0.baseAddress, $0.count,
        CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
    }
    return max(count, 0)
  }

  func closeOutput() { shutdown(descriptor, CInt(SHUT_WR)) }

  /// The next line without its LF; nil at the end of input, on errors and after two minutes.
  func readLine() -> String? {
    var scanned = 0
    while true {
      if let end = unread[scanned...].firstIndex(of: 0x0A) {
        defer { unread.removeSubrange(...end) }
        return String(decoding: unread[..<end], as: UTF8.self)
      }
      scanned = unread.count
      var chunk = [UInt8](repeating: 0, count: 1 << 18)
      let count = recv(descriptor, &chunk, chunk.count, 0)
      guard count > 0 else {
        isAtEnd = count == 0
        return nil
      }
      unread += chunk[..<count]
    }
  }

  /// Sends a line and reads one.
  func exchange(_ line: String) -> String? {
    send(line + "\n")
    return readLine()
  }
}

func unixAddress(_ path: String) -> sockaddr_un {
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
  return address
}
