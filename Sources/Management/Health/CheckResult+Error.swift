import Glibc
import NIOCore
import NIOHTTP1

extension CheckResult {
  /// What an error says of the server, if it does at all.
  init(_ error: any Error) {
    switch error {
    case ChannelError.connectTimeout(let time): self = .timeout(time)
    case let error as IOError:
      let text = SystemError.text(error.errnoCode)
      self = Self.isOwnFault(error.errnoCode) ? .unable(text) : .bad(text)
    case HTTPParserError.invalidEOFState: self = .bad("connection closed within the answer")
    case is HTTPParserError: self = .bad("the answer is no HTTP")
    case ChannelError.eof: self = .bad("connection closed without an answer")
    default: self = .unable("\(error)")
    }
  }

  static func timeout(_ time: TimeAmount) -> CheckResult { .bad("timeout after \(time.text)") }

  /// Errors that this machine makes: of descriptors, memory, ports, rights and addresses that it
  /// cannot ask (connect(2)).
  private static func isOwnFault(_ code: CInt) -> Bool {
    [
      EMFILE, ENFILE, ENOMEM, ENOBUFS, EADDRNOTAVAIL, EADDRINUSE, EAGAIN, EACCES, EPERM,
      EAFNOSUPPORT, EINVAL,
    ].contains(code)
  }
}

enum SystemError {
  /// The system's text for an errno value, such as `connection refused`.
  static func text(_ code: CInt) -> String {
    let text = unsafe String(cString: strerror(code))
    return text.prefix(1).lowercased() + text.dropFirst()
  }
}

extension TimeAmount {
  /// Such as `1 s` or `250 ms`.
  var text: String {
    let milliseconds = nanoseconds / 1_000_000
    return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
  }
}
