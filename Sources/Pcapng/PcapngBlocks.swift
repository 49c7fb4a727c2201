/// Blocks of a pcapng file, one after the other, little-endian (draft-ietf-opsawg-pcapng). A file is
/// one section: its header, its interfaces, then packets and statistics.
public struct PcapngBlocks {
  /// What was appended and not removed since.
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public mutating func reserveCapacity(_ count: Int) { bytes.reserveCapacity(count) }

  /// Forgets all bytes and keeps their room.
  public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  /// Of the first `count` bytes, how many are whole blocks, and how many packets are among these.
  public func wholeBlocks(within count: Int) -> (length: Int, packets: Int) {
    var end = 0
    var packets = 0
    while end + 8 <= bytes.count {
      let length = Int(word(end + 4))
      guard end + length <= count else { break }
      if word(end) == Self.packetType { packets += 1 }
      end += length
    }
    return (end, packets)
  }

  private func word(_ place: Int) -> UInt32 {
    bytes[place..<place + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  static let packetType: UInt32 = 6

  /// A block of what `body` appends, between its type and its total length (section 3.1).
  mutating func addBlock(_ type: UInt32, _ body: (inout PcapngBlocks) -> Void) {
    let start = bytes.count
    add(type)
    add(UInt32(0))
    body(&self)
    let length = UInt32(bytes.count - start + 4)
    add(length)
    for place in 0..<4 {
      bytes[start + 4 + place] = UInt8(truncatingIfNeeded: length >> (8 * place))
    }
  }

  /// An option, padded to 32 bits (section 3.5). One whose value is too long for its length field is
  /// left out.
  mutating func addOption(_ code: UInt16, _ value: some Collection<UInt8>) {
    guard value.count <= UInt16.max else { return }
    add(code)
    add(UInt16(value.count))
    bytes.append(contentsOf: value)
    pad(value.count)
  }

  mutating func addOption(_ code: UInt16, _ text: String) { addOption(code, text.utf8) }

  /// An 8-byte number.
  mutating func addOption(_ code: UInt16, _ number: UInt64) {
    add(code)
    add(UInt16(8))
    add(number)
  }

  /// A time of two words, the upper one first (section 4.6).
  mutating func addOption(_ code: UInt16, time: UInt64) {
    add(code)
    add(UInt16(8))
    addTime(time)
  }

  /// opt_endofopt.
  mutating func endOptions() { add(UInt32(0)) }

  /// Nanoseconds since the Unix epoch as two words, the upper one first.
  mutating func addTime(_ nanoseconds: UInt64) {
    add(UInt32(nanoseconds >> 32))
    add(UInt32(truncatingIfNeeded: nanoseconds))
  }

  mutating func add(_ number: some FixedWidthInteger) {
    unsafe withUnsafeBytes(of: number.littleEndian) { unsafe bytes.append(contentsOf: $0) }
  }

  mutating func add(_ data: RawSpan) {
    unsafe data.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
  }

  /// Zeros behind `count` bytes, up to the next 32 bits.
  mutating func pad(_ count: Int) {
    for _ in 0..<(-count & 3) { bytes.append(0) }
  }
}
