import Snapshots
import Wire

/// The worker that owns a session, as the NIC's RSS names it: Toeplitz over addresses and ports,
/// then the redirection table.
///
/// With the key 0x6d5a repeated, every 16-bit word of the input meets the same key bits, so the hash
/// depends only on the exclusive or of those words: two look-ups take the place of a walk over 96 or
/// 288 bits. It also makes the hash symmetric (Woo and Park 2012).
struct ReceiveSideScaling {
  private static let key: UInt16 = 0x6d5a
  static let maximumEntries = 512
  static let tableBytes = 2 * 256 * 2 + maximumEntries

  /// Toeplitz of the high byte, then of the low byte, of the folded input.
  private let partial: UnsafeMutablePointer<UInt16>
  private let redirection: UnsafeMutablePointer<UInt8>
  private let mask: UInt16

  /// - Parameters:
  ///   - entries: of the redirection table, a power of two up to `maximumEntries`
  ///   - workers: entry i names worker i mod workers
  init(memory: UnsafeMutableRawPointer, entries: Int, workers: Int) {
    partial = memory.bindMemory(to: UInt16.self, capacity: 512)
    redirection = (memory + 1024).bindMemory(to: UInt8.self, capacity: Self.maximumEntries)
    mask = UInt16(entries - 1)
    for entry in 0..<entries { redirection[entry] = UInt8(entry % workers) }
    for byte in 0..<256 {
      partial[byte] = Self.toeplitz(UInt16(byte) << 8)
      partial[256 + byte] = Self.toeplitz(UInt16(byte))
    }
  }

  private static func toeplitz(_ input: UInt16) -> UInt16 {
    var result: UInt16 = 0
    for bit in 0..<16 where input & (0x8000 >> UInt16(bit)) != 0 {
      result ^= key << UInt16(bit) | key >> UInt16((16 - bit) & 15) & (bit == 0 ? 0 : .max)
    }
    return result
  }

  /// The low half of the hash; the high half is the same.
  @inline(__always)
  func hash(source: IPAddress, destination: IPAddress, ports: UInt32) -> UInt16 {
    // IPv4-mapped addresses differ in the last word only: what they share cancels out.
    let words = source.high ^ source.low ^ destination.high ^ destination.low
    let half = UInt32(truncatingIfNeeded: words ^ words >> 32)
    let folded = UInt16(truncatingIfNeeded: half ^ half >> 16).byteSwapped
    let input = folded ^ UInt16(truncatingIfNeeded: ports ^ ports >> 16)
    return partial[Int(input >> 8)] ^ partial[256 &+ Int(input & 0xff)]
  }

  @inline(__always)
  func owner(source: IPAddress, destination: IPAddress, ports: UInt32) -> Int {
    Int(redirection[Int(hash(source: source, destination: destination, ports: ports) & mask)])
  }
}
