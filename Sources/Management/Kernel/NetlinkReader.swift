/// Takes apart what the kernel sends over netlink. Whatever is cut short ends the reading.
struct NetlinkReader: Sequence, IteratorProtocol {
  struct Message {
    let type: UInt16
    let sequence: UInt32
    /// The fixed part of the type, and the attributes.
    let content: ArraySlice<UInt8>

    static let error: UInt16 = 2
    static let done: UInt16 = 3

    /// Of an error message: 0 or an errno.
    var errorCode: Int32? {
      type == Self.error
        ? content.number(0, as: UInt32.self).map { -Int32(bitPattern: $0) } : nil
    }

    /// The attributes behind a fixed part of so many bytes, by type.
    func attributes(after fixed: Int) -> [UInt16: ArraySlice<UInt8>] {
      NetlinkReader.attributes(content.dropFirst(fixed))
    }
  }

  /// Attributes by type; also those that an attribute holds.
  static func attributes(_ bytes: ArraySlice<UInt8>) -> [UInt16: ArraySlice<UInt8>] {
    var found: [UInt16: ArraySlice<UInt8>] = [:]
    var rest = bytes
    while let length = rest.number(0, as: UInt16.self), length >= 4, length <= rest.count,
      let type = rest.number(2, as: UInt16.self)
    {
      found[type & 0x3fff] = rest.prefix(Int(length)).dropFirst(4)
      rest = rest.dropFirst((Int(length) + 3) & ~3)
    }
    return found
  }

  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  mutating func next() -> Message? {
    guard let length = rest.number(0, as: UInt32.self), length >= 16, length <= rest.count,
      let type = rest.number(4, as: UInt16.self), let sequence = rest.number(8, as: UInt32.self)
    else { return nil }
    let message = Message(
      type: type, sequence: sequence, content: rest.prefix(Int(length)).dropFirst(16))
    rest = rest.dropFirst((Int(length) + 3) & ~3)
    return message
  }
}

extension ArraySlice<UInt8> {
  /// The number at an offset; nil past the end.
  func number<Number: FixedWidthInteger>(_ offset: Int, as _: Number.Type) -> Number? {
    let size = Number.bitWidth / 8
    guard offset + size <= count else { return nil }
    return (0..<size).reduce(0) { $0 | Number(self[startIndex + offset + $1]) << (8 * $1) }
  }
}
