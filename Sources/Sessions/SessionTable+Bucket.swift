/// A bucket's 64 bytes: ten signatures of 16 bits (0 is empty), a 16-bit count of the entries that
/// went on past this bucket, two unused bytes, ten record indices of 32 bits.
extension SessionTable {
  @inlinable @inline(__always)
  static func signature(_ hash: UInt64) -> UInt16 {
    let low = UInt16(truncatingIfNeeded: hash)
    return low == 0 ? 1 : low
  }

  /// Hash to bucket by multiplication (Lemire 2019): the high bits choose.
  @inlinable @inline(__always)
  func firstBucket(_ hash: UInt64) -> UInt64 { hash.multipliedFullWidth(by: bucketCount).high }

  /// How far the probing goes from bucket to bucket: 1 ..< `bucketCount`, from bits 16 to 47.
  @inlinable @inline(__always)
  func probeStep(_ hash: UInt64) -> UInt64 {
    1 &+ ((hash >> 16 & 0xffff_ffff) &* (bucketCount &- 1)) >> 32
  }

  @inlinable @inline(__always)
  func next(_ bucket: UInt64, _ step: UInt64) -> UInt64 {
    let sum = bucket &+ step
    return sum >= bucketCount ? sum &- bucketCount : sum
  }

  @inlinable @inline(__always)
  func pointer(_ bucket: UInt64) -> UnsafeMutableRawPointer {
    buckets + Int(truncatingIfNeeded: bucket &<< 6)
  }

  @inlinable @inline(__always)
  static func overflow(_ bucket: UnsafeMutableRawPointer) -> UInt16 {
    bucket.load(fromByteOffset: 20, as: UInt16.self)
  }

  /// Changes the overflow count. Once at its end it stays there, for nobody knows how many went by.
  @inlinable @inline(__always)
  static func changeOverflow(_ bucket: UnsafeMutableRawPointer, _ difference: UInt16) {
    let count = overflow(bucket)
    if count != .max {
      bucket.storeBytes(of: count &+ difference, toByteOffset: 20, as: UInt16.self)
    }
  }

  @inlinable @inline(__always)
  static func recordIndex(_ bucket: UnsafeMutableRawPointer, _ slot: Int) -> UInt32 {
    bucket.load(fromByteOffset: 24 &+ slot &* 4, as: UInt32.self)
  }

  @inlinable @inline(__always)
  static func setSignature(_ bucket: UnsafeMutableRawPointer, _ slot: Int, _ signature: UInt16) {
    bucket.storeBytes(of: signature, toByteOffset: slot &* 2, as: UInt16.self)
  }

  /// The slots of a bucket that hold a signature, as a set of bits.
  @inlinable @inline(__always)
  static func slots(_ bucket: UnsafeMutableRawPointer, _ signature: UInt16) -> UInt64 {
    let pattern = UInt64(signature) &* 0x0001_0001_0001_0001
    let first = equalLanes(bucket.load(as: UInt64.self), pattern)
    let second = equalLanes(bucket.load(fromByteOffset: 8, as: UInt64.self), pattern)
    let third = equalLanes(bucket.load(fromByteOffset: 16, as: UInt64.self), pattern) & 0xffff_ffff
    // Lane i of a word has its bit at 16 i + 15. Three words, shifted apart, share one.
    return first >> 2 | second >> 1 | third
  }

  /// The slot of the lowest bit of what `slots` gives.
  @inlinable @inline(__always)
  static func lowest(_ slots: UInt64) -> Int {
    let bit = slots.trailingZeroBitCount
    // Bits 13, 14 and 15 of a lane stand for the first, second and third word.
    return (bit >> 4) &+ ((bit & 3) &- 1) &* 4
  }

  /// Bit 15 of each 16-bit lane in which two words agree; exact, no carry passes a lane.
  @inlinable @inline(__always)
  static func equalLanes(_ word: UInt64, _ pattern: UInt64) -> UInt64 {
    let difference = word ^ pattern
    let mask: UInt64 = 0x7fff_7fff_7fff_7fff
    return ~(((difference & mask) &+ mask) | difference) & ~mask
  }
}
