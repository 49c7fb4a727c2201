/// Unkeyed hashes whose values never change: two appliances, and two runs of one, place the same
/// names alike. Not for input that an attacker chooses.
public enum StableHash {
  /// FNV-1a, 64 bits, over the UTF-8 bytes (draft-eastlake-fnv, section 2).
  public static func fnv1a(_ text: String) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return hash
  }

  /// The output function of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): a bijection of 64 bits in
  /// which each input bit changes about half of the output bits.
  @inlinable @inline(__always)
  public static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
