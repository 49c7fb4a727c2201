import CLinux
import Glibc

/// Why the kernel refused something: what was asked for, and an errno.
struct KernelError: Error, CustomStringConvertible, Equatable {
  let what: String
  let code: Int32

  var description: String { "\(what): \(SystemError.text(code))" }
}

/// An rtnetlink socket. The kernel answers requests while it takes them, so none waits.
///
/// Not thread-safe.
final class NetlinkSocket {
  let descriptor: Int32
  private var sequence: UInt32 = 0
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)

  /// - Parameter groups: multicast groups to hear (`RTMGRP_*`)
  init(groups: UInt32 = 0) throws(KernelError) {
    let opened = linux_rtnetlink_open(groups)
    guard opened >= 0 else { throw KernelError(what: "rtnetlink socket", code: -opened) }
    descriptor = opened
  }

  deinit { close(descriptor) }

  /// Makes a request and looks at its acknowledgement.
  ///
  /// - Parameters:
  ///   - what: what an error calls it
  ///   - accepting: errno values that are as good as none
  func request(
    _ message: NetlinkMessage, _ what: String, accepting: Set<Int32> = []
  ) throws(KernelError) {
    var code: Int32?
    try exchange(message, what) { answer in
      code = answer.errorCode
      return code == nil
    }
    guard let code, code == 0 || accepting.contains(code) else {
      throw KernelError(what: what, code: code ?? ETIMEDOUT)
    }
  }

  /// Asks for a list; each message of it is given to `body`.
  func dump(
    _ message: NetlinkMessage, _ what: String, _ body: (NetlinkReader.Message) -> Void
  ) throws(KernelError) {
    var code: Int32 = ETIMEDOUT
    try exchange(message, what) { answer in
      if answer.type == NetlinkReader.Message.done || answer.errorCode != nil {
        code = answer.errorCode ?? 0
        return false
      }
      body(answer)
      return true
    }
    if code != 0 { throw KernelError(what: what, code: code) }
  }

  /// Sends a message and reads what belongs to it until `body` has enough or nothing more comes.
  private func exchange(
    _ message: NetlinkMessage, _ what: String, _ body: (NetlinkReader.Message) -> Bool
  ) throws(KernelError) {
    sequence &+= 1
    let bytes = message.finished(sequence: sequence)
    let sent = unsafe bytes.withUnsafeBytes {
      unsafe send(descriptor, $0.baseAddress, $0.count, 0)
    }
    guard sent == bytes.count else { throw KernelError(what: what, code: errno) }
    while true {
      var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard unsafe poll(&wait, 1, 1000) == 1 else { return }
      guard let received = try receive() else { continue }
      for answer in NetlinkReader(received) where answer.sequence == sequence {
        if !body(answer) { return }
      }
    }
  }

  /// One datagram of messages; nil when none waits.
  ///
  /// - Throws: `ENOBUFS` when some were lost
  func receive() throws(KernelError) -> ArraySlice<UInt8>? {
    let count = unsafe buffer.withUnsafeMutableBytes {
      unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
    }
    if count >= 0 { return buffer.prefix(count) }
    if errno == EAGAIN || errno == EINTR { return nil }
    throw KernelError(what: "rtnetlink", code: errno)
  }
}
