import Balancing
import TestSupport
import Testing

@Suite struct ClientRatesTests {
  private static let now: UInt64 = 5_000_000_000
  private static let second: UInt64 = 1_000_000_000

  private let memory: Memory
  private let rates: ClientRates

  init() {
    memory = Memory(ClientRates.byteCount(clients: 64))
    rates = ClientRates(memory: memory.base, clients: 64, secret0: 7, secret1: 11)
  }

  private func client(_ low: UInt64, prefix: UInt8 = 128, service: UInt32 = 0) -> UInt64 {
    rates.client(service: service, high: 0, low: low.bigEndian, prefix: prefix)
  }

  private func take(_ client: UInt64, rate: UInt32, at now: UInt64 = now) -> Bool {
    guard rates.holds(client, rate: rate, now: now) else { return false }
    rates.spend(client, rate: rate, now: now)
    return true
  }

  @Test func memoryIsBounded() {
    #expect(ClientRates.byteCount(clients: 1) == 64)
    #expect(ClientRates.byteCount(clients: 65) == 1024)
    #expect(ClientRates.byteCount(clients: 1 << 19) == 4 << 20)
  }

  /// A second's worth at once, then one for each second's part.
  @Test func aClientHasItsRate() {
    let one = client(1)
    let burst = (0..<7).map { _ in take(one, rate: 5) }
    #expect(burst == [true, true, true, true, true, false, false])
    #expect(!take(one, rate: 5, at: Self.now + 199_000_000))
    #expect(take(one, rate: 5, at: Self.now + 200_000_100))
    #expect(!take(one, rate: 5, at: Self.now + 200_000_100))
    let later = (0..<6).map { _ in take(one, rate: 5, at: Self.now + 3 * Self.second) }
    #expect(later == [true, true, true, true, true, false])
  }

  /// What does not divide a second is whole too.
  @Test(arguments: [1, 3, 7, 999, 777_777] as [UInt32]) func theBurstIsTheRate(rate: UInt32) {
    let one = client(1)
    var taken = 0
    while take(one, rate: rate) { taken += 1 }
    #expect(taken == Int(rate))
  }

  /// Never more than the rate, and less than 1 % under it.
  @Test(arguments: [1, 3, 1000, 77_777, 100_000] as [UInt32])
  func longRunIsTheRate(rate: UInt32) {
    let one = client(1)
    var taken = 0
    for step in 0..<40_000 as Range<UInt64> {
      // Ten seconds, asked as often as may be granted.
      for _ in 0..<30 where take(one, rate: rate, at: Self.now + step * 250_000) { taken += 1 }
    }
    let most = 11 * Double(rate)
    #expect(Double(taken) <= most + 1)
    #expect(Double(taken) >= most * 0.99 - 2)
  }

  @Test func clientsAndServicesHaveTheirOwn() {
    #expect(take(client(1), rate: 1))
    #expect(!take(client(1), rate: 1))
    #expect(take(client(2), rate: 1))
    #expect(take(client(1, service: 1), rate: 1))
    // The same within a prefix, another one beside it; of IPv6 the low half may not count at all.
    #expect(client(0x1_00, prefix: 120) == client(0x1_ff, prefix: 120))
    #expect(client(0x1_00, prefix: 120) != client(0x2_00, prefix: 120))
    #expect(client(5, prefix: 64) == client(6, prefix: 64))
    #expect(
      rates.client(service: 0, high: UInt64(1).bigEndian, low: 0, prefix: 64)
        != rates.client(service: 0, high: UInt64(2).bigEndian, low: 0, prefix: 64))
  }

  /// Twenty thousand addresses flood a table of 64: none that spent nothing is ever refused, and who
  /// spent all it had gets next to nothing more.
  @Test func aFloodStarvesNobodyAndForgetsLittle() {
    let greedy = client(1)
    while take(greedy, rate: 100) {}
    var refused = 0
    var gained = 0
    for other in 2..<20_002 as Range<UInt64> {
      let at = Self.now + other * 1000
      if !take(client(other << 3), rate: 100, at: at) { refused += 1 }
      if take(greedy, rate: 100, at: at) { gained += 1 }
    }
    // 64 places of 2^20 parts of the hash: a chance of 20,000 x 8 / 2^20 for one refusal.
    #expect(refused <= 2)
    // 20 ms are 2 tokens.
    #expect(gained <= 3)
  }

  /// A word that was left long ago says nothing, however the clock stands to it.
  @Test(arguments: [10, 3 * 86_400, 7 * 86_400, 13 * 86_400, 30 * 86_400] as [UInt64])
  func oldDebtsAreForgotten(seconds: UInt64) {
    let one = client(1)
    while take(one, rate: 3) {}
    #expect(take(one, rate: 3, at: Self.now + seconds * Self.second))
  }

  /// Two threads take together what one may.
  @Test func workersShareExactly() async {
    let rates = rates
    let one = client(1)
    let taken = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<2 {
        group.addTask {
          var count = 0
          for step in 0..<100_000 as Range<UInt64> {
            let at = Self.now + step * 10_000
            guard rates.holds(one, rate: 1000, now: at) else { continue }
            rates.spend(one, rate: 1000, now: at)
            count += 1
          }
          return count
        }
      }
      return await group.reduce(0, +)
    }
    // A second's burst and a second's flow; both threads at once may take one too many each time,
    // which the bucket owes.
    #expect(taken <= 2010 && taken >= 1900)
  }
}
