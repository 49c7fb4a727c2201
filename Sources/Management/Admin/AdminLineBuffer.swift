import NIOCore

/// Cuts the bytes that a client sends into lines.
struct AdminLineBuffer {
  /// Bytes that a line may have, its line end (LF or CR LF) not counted.
  static let maximumLineLength = 1 << 20

  enum Next: Equatable {
    /// A line without its LF; a CR before that may stay, it is white space.
    case line([UInt8])
    /// The line's end has not come yet.
    case incomplete
    /// More bytes than a line may have.
    case tooLong
  }

  private var buffer = ByteBuffer()
  /// Bytes at the buffer's beginning that are known to hold no LF.
  private var scanned = 0

  mutating func append(_ bytes: inout ByteBuffer) {
    buffer.discardReadBytes()
    buffer.writeBuffer(&bytes)
  }

  /// Takes the next line out.
  mutating func next() -> Next {
    let view = buffer.readableBytesView
    let unseen = view[(view.startIndex + scanned)...]
    guard let end = unseen.firstIndex(of: 0x0A) else {
      scanned = view.count
      return exceedsLimit(view) ? .tooLong : .incomplete
    }
    scanned = 0
    let line = view[..<end]
    guard !exceedsLimit(line) else { return .tooLong }
    buffer.moveReaderIndex(to: end + 1)
    return .line(Array(line))
  }

  /// Takes out what came after the last line end, once the client has ended its output.
  mutating func takeRest() -> [UInt8] {
    defer {
      buffer.clear()
      scanned = 0
    }
    return Array(buffer.readableBytesView)
  }

  private func exceedsLimit(_ line: ByteBufferView) -> Bool {
    let length = line.last == 0x0D ? line.count - 1 : line.count
    return length > AdminLineBuffer.maximumLineLength
  }
}
