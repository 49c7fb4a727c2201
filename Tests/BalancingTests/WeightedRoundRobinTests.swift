import Balancing
import Snapshots
import Testing

@Suite struct WeightedRoundRobinTests {
  /// The order that nginx's commit "Upstream: smooth weighted round-robin balancing" publishes.
  @Test func givesTheOrderThatNginxPublishes() {
    let appliance = Appliance(.wrr, weights: [5, 1, 1])
    let round = [0, 0, 1, 0, 2, 0, 0]
    #expect((0..<14).map { _ in appliance.begin() } == round + round)
  }

  /// By hand: (4 2 1) a, (1 4 2) b, (5 -1 3) a, (2 1 4) c, (6 3 -2) a, (3 5 -1) b, (7 0 0) a.
  @Test func givesTheOrderOfFourTwoOne() {
    let appliance = Appliance(.wrr, weights: [4, 2, 1])
    #expect((0..<7).map { _ in appliance.begin() } == [0, 1, 0, 2, 0, 1, 0])
  }

  @Test func aThousandFlowsAreExact() {
    let appliance = Appliance(.wrr, weights: [5, 3, 2])
    #expect(shares(1000, of: 3) { _ in appliance.begin() } == [500, 300, 200])
  }

  @Test func equalWeightsGoRound() {
    let appliance = Appliance(.wrr, weights: [7, 7, 7])
    #expect((0..<6).map { _ in appliance.begin() } == [0, 1, 2, 0, 1, 2])
  }

  @Test func everyPrefixIsNearItsShares() {
    let weights: [UInt32] = [13, 1, 7, 0, 29, 50]
    let appliance = Appliance(.wrr, weights: weights)
    var counts = Array(repeating: 0.0, count: weights.count)
    for flow in 1...300 {
      counts[appliance.begin()!] += 1
      for (count, weight) in zip(counts, weights) {
        #expect(abs(count - Double(flow) * Double(weight) / 100) < 2)
      }
    }
    #expect(counts == [39, 3, 21, 0, 87, 150])
  }

  @Test func workersBeginApart() {
    let appliance = Appliance(.wrr, weights: [1, 1, 1, 1], workers: 4)
    #expect((0..<4).map { appliance.choose(worker: $0) } == [0, 1, 2, 3])
    #expect((0..<4).map { appliance.choose(worker: $0) } == [1, 2, 3, 0])
  }

  @Test func twoWorkersInterleavedKeepTheShares() {
    let appliance = Appliance(.wrr, weights: [5, 3, 2], workers: 2)
    #expect(
      shares(2000, of: 3) { appliance.begin(worker: $0 % 2) } == [1000, 600, 400])
  }

  @Test func keepsItsPlaceOverSnapshots() {
    let appliance = Appliance(.wrr, weights: [5, 1, 1])
    var order: [Int?] = []
    for _ in 0..<14 {
      order.append(appliance.begin())
      appliance.publish()
    }
    #expect(order == [0, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 2, 0, 0])
  }

  @Test func theRestShareWhenAServerLeaves() {
    let appliance = Appliance(.wrr, weights: [5, 3, 2])
    for _ in 0..<3 { _ = appliance.choose() }
    appliance.order.removeFirst()
    appliance.publish()
    let counts = shares(1000, of: 3) { _ in appliance.choose() }
    #expect(counts[0] == 0)
    #expect(abs(counts[1] - 600) <= 2 && abs(counts[2] - 400) <= 2)
  }

  @Test func aWeightLoweredByFarTakesEffectWithinFewRounds() {
    let appliance = Appliance(.wrr, weights: [1_000_000, 999_983, 1])
    for _ in 0..<3 { _ = appliance.choose() }
    appliance.change(0) { $0.weight = 1 }
    appliance.change(1) { $0.weight = 1 }
    let counts = shares(330, of: 3) { _ in appliance.choose() }
    #expect(counts.allSatisfy { abs($0 - 110) <= 30 })
  }

  @Test func theGreatestWeightsDoNotOverflow() {
    let appliance = Appliance(.wrr, weights: [.max, .max, .max, .max])
    #expect(shares(1000, of: 4) { _ in appliance.choose() } == [250, 250, 250, 250])
  }
}
