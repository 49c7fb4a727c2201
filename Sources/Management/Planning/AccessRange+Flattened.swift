import Snapshots
import Wire

extension AccessRange {
  /// The lists of a service as sorted ranges; none where both are empty. Of the prefixes that hold an
  /// address the longest decides, of two equal ones that of `deny`; what none holds may come if there
  /// is no `allow`.
  static func flattened(allow: [AddressPrefix], deny: [AddressPrefix]) -> [AccessRange] {
    if allow.isEmpty && deny.isEmpty { return [] }
    var blocks: [Block: Bool] = [:]
    for prefix in allow { blocks[Block(prefix)] = true }
    for prefix in deny { blocks[Block(prefix)] = false }
    // Prefixes hold one another or have nothing in common: outer ones come first here, and those that
    // are open at a place form a stack.
    let sorted = blocks.sorted { ($0.key.first, $0.key.length) < ($1.key.first, $1.key.length) }
    var ranges = [AccessRange(high: 0, low: 0, admits: allow.isEmpty)]
    var open: [(last: Number, admits: Bool)] = []
    func begin(at number: Number, admits: Bool) {
      // What begins where the one before did takes its place.
      if ranges[ranges.count - 1].number == number { ranges.removeLast() }
      if ranges.last?.admits != admits {
        ranges.append(
          AccessRange(
            high: UInt64(truncatingIfNeeded: number >> 64), low: UInt64(truncatingIfNeeded: number),
            admits: admits))
      }
    }
    func close(before number: Number?) {
      while let inner = open.last, number.map({ inner.last < $0 }) ?? true {
        open.removeLast()
        // Behind the last address nothing begins.
        guard inner.last != .max else { continue }
        begin(at: inner.last + 1, admits: open.last?.admits ?? allow.isEmpty)
      }
    }
    for (block, admits) in sorted {
      close(before: block.first)
      begin(at: block.first, admits: admits)
      open.append((block.last, admits))
    }
    close(before: nil)
    return ranges
  }

  private typealias Number = UInt128

  private var number: Number { Number(high) << 64 | Number(low) }

  /// The addresses of a prefix, as numbers.
  private struct Block: Hashable {
    let first: Number
    let last: Number
    /// Of 128 bits.
    let length: Int

    init(_ prefix: AddressPrefix) {
      length = prefix.bits
      first = Self.number(prefix.network.address)
      last = first | ~Self.number(.mask(bits: length))
    }

    private static func number(_ address: IPAddress) -> Number {
      Number(address.high.bigEndian) << 64 | Number(address.low.bigEndian)
    }
  }
}
