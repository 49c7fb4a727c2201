import Foundation

/// Random numbers of the offered load. The same seed gives every algorithm the same sessions.
struct Workload {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }

  /// Over (0, 1).
  mutating func uniform() -> Double { (Double(next() >> 11) + 0.5) / 0x1p53 }

  mutating func exponential(mean: Double) -> Double { -mean * log(uniform()) }

  /// The bounded Pareto distribution of a shape, from its least value to `spread` times as much, by
  /// inversion.
  mutating func boundedPareto(mean: Double, shape: Double, spread: Double) -> Double {
    let tail = pow(spread, -shape)
    let ofLeastOne = shape / (shape - 1) * (1 - pow(spread, 1 - shape)) / (1 - tail)
    return mean / ofLeastOne * pow(1 - uniform() * (1 - tail), -1 / shape)
  }
}
