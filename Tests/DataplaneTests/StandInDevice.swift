import Glibc
import Testing

/// A socket pair in a TAP device's place: what one end takes the other gives.
struct StandInDevice {
  /// The end that the kernel path has.
  let descriptor: Int32
  private let kernel: Int32

  init() throws {
    var ends: [Int32] = [0, 0]
    try #require(
      socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_NONBLOCK.rawValue), 0, &ends) == 0)
    (descriptor, kernel) = (ends[0], ends[1])
  }

  func close() {
    for end in [descriptor, kernel] { _ = Glibc.close(end) }
  }

  /// As the kernel does.
  func send(_ frame: Bytes, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(write(kernel, frame, frame.count) == frame.count, sourceLocation: sourceLocation)
  }

  /// What the kernel gets; empty if there is nothing.
  func receive() -> Bytes {
    var received = Bytes(repeating: 0, count: 10_000)
    let length = read(kernel, &received, received.count)
    return Bytes(received.prefix(max(length, 0)))
  }
}
