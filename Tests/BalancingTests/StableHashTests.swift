import Balancing
import Testing

@Suite struct StableHashTests {
  /// From the test vectors of draft-eastlake-fnv (appendix C).
  @Test(
    arguments: [
      ("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c),
      ("foobar", 0x8594_4171_f739_67e8),
    ] as [(String, UInt64)])
  func fnv1a(_ text: String, _ hash: UInt64) {
    #expect(StableHash.fnv1a(text) == hash)
  }

  /// SplitMix64 from the state 1234567: the first five outputs, as published with the reference code
  /// and checked against it in many languages (Rosetta Code, "Pseudo-random numbers/Splitmix64").
  @Test func mixIsSplitMix64s() {
    var state: UInt64 = 1_234_567
    let outputs: [UInt64] = (0..<5).map { _ in
      state &+= 0x9e37_79b9_7f4a_7c15
      return StableHash.mix(state)
    }
    #expect(
      outputs == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ])
  }
}
