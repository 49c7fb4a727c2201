import Balancing
import Snapshots
import Testing

@Suite struct TwoChoicesTests {
  /// Two servers: both are always drawn.
  @Test func ofTwoColdServersTheFasterIsTaken() {
    let appliance = Appliance(.p2c, weights: [1, 1])
    appliance.servers[Appliance.slot(0)]!.responseTime = 900
    appliance.servers[Appliance.slot(1)]!.responseTime = 300
    appliance.publish()
    // Equal loads are never past the quantile. The first few draws fill the pool.
    let counts = shares(100, of: 2) { _ in appliance.choose() }
    #expect(counts[1] >= 90)
  }

  /// 300 microseconds with five in flight against 900 with none: 6 * 300 against 1 * 900.
  @Test func theFasterIsNotTakenWhereMoreWait() {
    let appliance = Appliance(.p2c, weights: [1, 1])
    appliance.servers[Appliance.slot(0)]!.responseTime = 900
    appliance.servers[Appliance.slot(1)]!.responseTime = 300
    appliance.publish()
    for _ in 0..<5 { appliance.add(1) }
    // At first both are hot; after 16 draws the quantile is 6 sessions, and both are cold.
    #expect(shares(100, of: 2) { _ in appliance.choose() } == [100, 0])
    // 2 * 300 is less.
    for _ in 0..<4 { appliance.end(1) }
    #expect(shares(100, of: 2) { _ in appliance.choose() } == [0, 100])
  }

  @Test func ofTwoHotServersTheLessLoadedIsTaken() {
    // Idle servers cool the pool: 38 of 40, so that most draws have none of the loaded two.
    let appliance = Appliance(.p2c, weights: Array(repeating: 1, count: 40))
    for _ in 0..<50 { appliance.add(0) }
    for _ in 0..<20 { appliance.add(1) }
    appliance.servers[Appliance.slot(0)]!.responseTime = 10
    appliance.servers[Appliance.slot(1)]!.responseTime = 10_000
    appliance.publish()
    // Once the pool is full of idle ones, both are hot: speed does not help them.
    let counts = shares(4000, of: 40) { _ in appliance.choose() }
    // Server 1 is taken where it meets server 0, once in 780 draws: about 5 times.
    #expect(counts[0] <= 4)
    #expect(counts[1] <= 20)
  }

  /// The fast server is preferred only until it is hot.
  @Test func aFastServerIsNotOverrun() {
    let appliance = Appliance(.p2c, weights: Array(repeating: 1, count: 10))
    for slot in appliance.order { appliance.servers[slot]!.responseTime = 1000 }
    appliance.servers[Appliance.slot(3)]!.responseTime = 10
    appliance.publish()
    let counts = shares(2000, of: 10) { _ in appliance.begin() }
    // It has its share, is held where the others are, and no server starves.
    #expect(counts[3] >= 200 && counts[3] < 300)
    #expect(counts.min()! > 140)
  }

  @Test func withoutResponseTimesTheLessLoadedIsTaken() {
    let appliance = Appliance(.p2c, weights: [1, 1])
    for _ in 0..<10 { appliance.add(0) }
    #expect(shares(10, of: 2) { _ in appliance.begin() } == [0, 10])
  }

  /// Mitzenmacher 2001: with n balls in n bins the fullest has ln ln n / ln 2 + O(1), where one choice
  /// gives about ln n / ln ln n. For 1,000: under 4 + 1 against 5 and more.
  @Test func twoChoicesKeepTheFullestLow() {
    let appliance = Appliance(.p2c, weights: Array(repeating: 1, count: 1000))
    let counts = shares(1000, of: 1000) { _ in appliance.begin() }
    #expect(counts.max()! <= 4)
    #expect(counts.reduce(0, +) == 1000)
  }

  @Test func serversAreDrawnEvenly() {
    let appliance = Appliance(.p2c, weights: [1, 1, 1, 1, 1])
    // Always idle: of equals the first drawn is taken.
    let counts = shares(10_000, of: 5) { _ in appliance.choose() }
    // Four standard deviations of 10,000 draws of a fifth: 160.
    #expect(counts.allSatisfy { abs($0 - 2000) <= 160 })
  }

  @Test func weightsScaleLoads() {
    let appliance = Appliance(.p2c, weights: [1, 3])
    let counts = shares(400, of: 2) { _ in appliance.begin() }
    #expect(abs(counts[0] - 100) <= 2)
  }

  @Test func workersDrawDifferently() {
    let appliance = Appliance(.p2c, weights: Array(repeating: 1, count: 50), workers: 2)
    let one = (0..<30).map { _ in appliance.choose(worker: 0) }
    let other = (0..<30).map { _ in appliance.choose(worker: 1) }
    #expect(one != other)
  }

  @Test func aLastServerWithRoomIsFound() {
    let appliance = Appliance(.p2c, weights: Array(repeating: 1, count: 300))
    for slot in appliance.order { appliance.servers[slot]!.maxSessions = 1 }
    appliance.publish()
    for index in 0..<300 where index != 123 { appliance.add(index) }
    #expect(appliance.begin() == 123)
    #expect(appliance.begin() == nil)
    appliance.end(299)
    #expect(appliance.begin() == 299)
  }
}
