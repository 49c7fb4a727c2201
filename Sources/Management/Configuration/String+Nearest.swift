extension String {
  /// The one of some words that this was probably meant to be: at most a third of its letters
  /// away, and at least one; nil if none is.
  package func nearest(among words: [String]) -> String? {
    let own = Array(lowercased().replacing("_", with: "-"))
    let limit = Swift.max(1, own.count / 3)
    let near = words.map { (word: $0, distance: Self.distance(own, Array($0))) }
      .min { $0.distance < $1.distance }
    guard let near, near.distance <= limit else { return nil }
    return near.word
  }

  /// Letters to insert, delete, change or swap with their neighbour (optimal string alignment).
  private static func distance(_ left: [Character], _ right: [Character]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in left.indices {
      var current = [row + 1]
      for column in right.indices {
        let change = last[column] + (left[row] == right[column] ? 0 : 1)
        var best = Swift.min(change, last[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          best = Swift.min(best, beforeLast[column - 1] + 1)
        }
        current.append(best)
      }
      (beforeLast, last) = (last, current)
    }
    return last[right.count]
  }
}
