/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers in every run.
public struct SplitMix: RandomNumberGenerator {
  public var state: UInt64

  public init(state: UInt64) { self.state = state }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
    return word ^ word >> 31
  }

  public mutating func below(_ bound: UInt32) -> UInt32 {
    UInt32.random(in: 0..<bound, using: &self)
  }
}
