import Synchronization
import Wire

/// Token buckets of clients: how fast each may begin sessions. All workers share one table of fixed
/// size, exactly, by one compare-and-exchange a session.
///
/// A bucket is one word: the moment at which it would be full again (the generic cell rate algorithm,
/// ITU-T I.371 annex A), and a part of the client's hash. Eight of them share a cache line. A client
/// that has no bucket has a full one, so that a bucket which is full again holds nothing, and its
/// place is free. Where all eight places of a line are in use, the one that is nearest to being full
/// gives way: its client gets a few tokens too many, nobody ever too few. So a flood from ever new
/// addresses (which no limit a client can hold back) takes nothing from others, and those who spent
/// most are remembered longest. The hash is keyed, so that no one can aim at another's line; that two
/// clients share a bucket by chance has a probability of 8 in 2^20.
@frozen
public struct ClientRates: @unchecked Sendable {
  @usableFromInline let words: UnsafeMutablePointer<Atomic<UInt64>>
  @usableFromInline let lineMask: UInt64
  @usableFromInline let secret0: UInt64
  @usableFromInline let secret1: UInt64

  private static let ways = 8
  /// Times are in units of 64 ns, modulo 2^44 (13 days); the hash's part lies above them.
  private static let unitShift: UInt64 = 6
  private static let timeBits: UInt64 = 44
  private static let timeMask: UInt64 = 1 << timeBits - 1
  private static let second: UInt64 = 1_000_000_000 >> unitShift
  private static let tries = 16

  /// The bytes that `init` needs, a multiple of 64.
  ///
  /// - Parameter clients: that have buckets at a time; rounded up to a power of two, at least 8
  public static func byteCount(clients: Int) -> Int { lines(clients) * 64 }

  private static func lines(_ clients: Int) -> Int {
    var lines = 1
    while lines * ways < clients { lines *= 2 }
    return lines
  }

  /// - Parameter memory: zeroed, 64-byte aligned, `byteCount` long; shared by all workers
  public init(memory: UnsafeMutableRawPointer, clients: Int, secret0: UInt64, secret1: UInt64) {
    words = memory.assumingMemoryBound(to: Atomic<UInt64>.self)
    lineMask = UInt64(Self.lines(clients) - 1)
    self.secret0 = secret0
    self.secret1 = secret1
  }

  /// The hash of a client of a service.
  ///
  /// - Parameters:
  ///   - high: of the address, as `IPAddress` has it
  ///   - low: likewise
  ///   - prefix: bits of the address that tell clients apart, 0...128
  public func client(service: UInt32, high: UInt64, low: UInt64, prefix: UInt8) -> UInt64 {
    let network = IPAddress(high: high, low: low).masked(bits: Int(prefix))
    let product = (network.high.bigEndian ^ secret0 ^ UInt64(service))
      .multipliedFullWidth(by: StableHash.mix(network.low.bigEndian ^ secret1) | 1)
    return StableHash.mix(product.high ^ product.low ^ secret1)
  }

  /// Whether a client has a token. Takes none.
  ///
  /// - Parameters:
  ///   - client: as of `client(service:high:low:prefix:)`
  ///   - rate: tokens a second, which is what a bucket holds; at least 1
  ///   - now: nanoseconds of a clock that all workers share
  public func holds(_ client: UInt64, rate: UInt32, now: UInt64) -> Bool {
    let now = Self.time(now)
    let line = line(client)
    var place = 0
    while place < Self.ways {
      let word = line[place].load(ordering: .relaxed)
      if word != 0, Self.isOf(client, word) {
        let cost = Self.cost(rate)
        return Self.debt(word, now) &+ cost <= cost &* UInt64(rate)
      }
      place = place &+ 1
    }
    return true
  }

  /// Takes a token that `holds` has just found. Workers that do so at once may take one each; the
  /// bucket then owes what it did not have.
  public func spend(_ client: UInt64, rate: UInt32, now: UInt64) {
    let now = Self.time(now)
    let line = line(client)
    var left = Self.tries
    while left > 0 {
      left = left &- 1
      var chosen = 0
      var least = UInt64.max
      var place = 0
      while place < Self.ways {
        let word = line[place].load(ordering: .relaxed)
        if word != 0, Self.isOf(client, word) {
          chosen = place
          break
        }
        let debt = word == 0 ? 0 : Self.debt(word, now)
        if debt < least {
          least = debt
          chosen = place
        }
        place = place &+ 1
      }
      let word = line[chosen].load(ordering: .relaxed)
      let debt = word != 0 && Self.isOf(client, word) ? Self.debt(word, now) : 0
      let full = (now &+ debt &+ Self.cost(rate)) & Self.timeMask
      let new = Self.tag(client) | full
      if line[chosen].compareExchange(
        expected: word, desired: new, ordering: .relaxed
      ).exchanged {
        return
      }
    }
  }

  @inline(__always)
  private func line(_ client: UInt64) -> UnsafeMutablePointer<Atomic<UInt64>> {
    words + Int(truncatingIfNeeded: client & lineMask) &* Self.ways
  }

  @inline(__always)
  private static func time(_ nanoseconds: UInt64) -> UInt64 {
    (nanoseconds >> unitShift) & timeMask
  }

  /// Never 0, which is an empty place's.
  @inline(__always)
  private static func tag(_ client: UInt64) -> UInt64 {
    let tag = client & ~timeMask
    return tag == 0 ? 1 << timeBits : tag
  }

  @inline(__always)
  private static func isOf(_ client: UInt64, _ word: UInt64) -> Bool {
    word & ~timeMask == tag(client)
  }

  /// How long until the bucket is full. Rounding and workers aside it is a second at most: what says
  /// more than two lies in the past.
  @inline(__always)
  private static func debt(_ word: UInt64, _ now: UInt64) -> UInt64 {
    let ahead = ((word & timeMask) &- now) & timeMask
    return ahead <= second &* 2 ? ahead : 0
  }

  /// Of a token, rounded up.
  @inline(__always)
  private static func cost(_ rate: UInt32) -> UInt64 {
    (second &+ UInt64(rate) &- 1) / UInt64(max(rate, 1))
  }
}
