/// Minimum, median and spread of the values of some rounds.
public struct Statistics: Equatable, Sendable {
  public let minimum: Double
  /// Of an even number of values, the mean of the middle two.
  public let median: Double
  /// Maximum - minimum.
  public let spread: Double

  /// nil without a value.
  public init?(_ values: [Double]) {
    let sorted = values.sorted()
    guard let first = sorted.first, let last = sorted.last else { return nil }
    minimum = first
    spread = last - first
    let middle = sorted.count / 2
    median =
      sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
