/// Processors by their numbers, as the kernel writes sets of them.
struct ProcessorSet: Equatable, Sendable {
  let numbers: Set<Int>

  /// Reads a list like `0-3,8`; nil: this is none.
  init?(list: String) {
    var numbers: Set<Int> = []
    for part in list.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1], first >= 0,
        first <= last, last < ProcessorSet.limit
      else { return nil }
      numbers.formUnion(first...last)
    }
    self.numbers = numbers
  }

  /// More than the kernel knows (NR_CPUS).
  private static let limit = 65536

  /// Hexadecimal, in groups of 32 processors parted by commas, the highest first: what bitmap_parse()
  /// of the kernel reads.
  var mask: String {
    var words = [UInt32](repeating: 0, count: (numbers.max() ?? 0) / 32 + 1)
    for number in numbers { words[number / 32] |= 1 << (number % 32) }
    let texts = words.reversed().map { String($0, radix: 16) }
    return texts.enumerated().map { index, text in
      index == 0 ? text : String(repeating: "0", count: 8 - text.count) + text
    }.joined(separator: ",")
  }
}
