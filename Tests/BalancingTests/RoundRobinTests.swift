import Balancing
import Snapshots
import Testing

@Suite struct RoundRobinTests {
  @Test func takesServersInConfigurationOrder() {
    let appliance = Appliance(.rr, weights: [1, 1, 1])
    #expect((0..<7).map { _ in appliance.begin() } == [0, 1, 2, 0, 1, 2, 0])
  }

  @Test func aThousandFlowsOverFourServersAreExact() {
    let appliance = Appliance(.rr, weights: [1, 1, 1, 1])
    #expect(shares(1000, of: 4) { _ in appliance.begin() } == [250, 250, 250, 250])
  }

  @Test func weightsDoNotMatterUnlessZero() {
    let appliance = Appliance(.rr, weights: [9, 1, 0, 5])
    #expect(shares(999, of: 4) { _ in appliance.begin() } == [333, 333, 0, 333])
  }

  @Test func workersBeginApart() {
    let appliance = Appliance(.rr, weights: Array(repeating: 1, count: 8), workers: 4)
    #expect((0..<4).map { appliance.choose(worker: $0) } == [0, 2, 4, 6])
    #expect((0..<4).map { appliance.choose(worker: $0) } == [1, 3, 5, 7])
  }

  @Test func twoWorkersInterleavedLoadServersEvenly() {
    let appliance = Appliance(.rr, weights: [1, 1, 1, 1], workers: 2)
    #expect(shares(4, of: 4) { appliance.begin(worker: $0 % 2) } == [1, 1, 1, 1])
    #expect(shares(1996, of: 4) { appliance.begin(worker: $0 % 2) } == [499, 499, 499, 499])
  }

  @Test func goesOnBehindTheLastServerWhenAnEarlierOneLeaves() {
    let appliance = Appliance(.rr, weights: [1, 1, 1, 1])
    #expect((0..<2).map { _ in appliance.choose() } == [0, 1])
    appliance.order.removeFirst()
    appliance.publish()
    #expect((0..<4).map { _ in appliance.choose() } == [2, 3, 1, 2])
  }

  @Test func goesOnWhereALeavingServerStood() {
    let appliance = Appliance(.rr, weights: [1, 1, 1, 1])
    #expect((0..<2).map { _ in appliance.choose() } == [0, 1])
    appliance.order.remove(at: 1)
    appliance.publish()
    #expect((0..<4).map { _ in appliance.choose() } == [2, 3, 0, 2])
  }

  @Test func beginsAgainWhenTheLastServerOfTheListLeaves() {
    let appliance = Appliance(.rr, weights: [1, 1, 1])
    #expect((0..<3).map { _ in appliance.choose() } == [0, 1, 2])
    appliance.order.removeLast()
    appliance.publish()
    #expect((0..<3).map { _ in appliance.choose() } == [0, 1, 0])
  }

  @Test func aServerThatComesIsTakenInItsPlace() {
    let appliance = Appliance(.rr, weights: [1, 1, 1])
    let late = appliance.order.remove(at: 1)
    appliance.publish()
    #expect((0..<3).map { _ in appliance.choose() } == [0, 2, 0])
    appliance.order.insert(late, at: 1)
    appliance.publish()
    #expect((0..<4).map { _ in appliance.choose() } == [1, 2, 0, 1])
  }

  @Test func aPassedOverServerCostsItsNeighbourNothing() {
    let appliance = Appliance(.rr, weights: [1, 1, 1])
    appliance.change(1) { $0.state = .drain }
    #expect(shares(1000, of: 3) { _ in appliance.begin() } == [500, 0, 500])
  }
}
