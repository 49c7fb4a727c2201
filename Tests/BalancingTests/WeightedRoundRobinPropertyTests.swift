import Balancing
import Snapshots
import Testing

/// wrr against nginx's algorithm in its plain form, through random lives of a service.
@Suite struct WeightedRoundRobinPropertyTests {
  /// All gain their weight, the first of the greatest is chosen, and gives up the sum.
  private struct Model {
    var current: [Int]
    var sessions: [Int]
    /// Who took part in the last step or publication.
    var taking: Set<Int> = []
    var sum = 0

    init(_ servers: Int) {
      current = Array(repeating: 0, count: servers)
      sessions = current
    }

    private func eligible(_ appliance: Appliance) -> [(index: Int, weight: Int)] {
      appliance.order.compactMap { slot in
        let server = appliance.servers[slot]!
        let index = Appliance.index(slot)
        guard server.takesNewSessions,
          server.maxSessions == 0 || sessions[index] < Int(server.maxSessions)
        else { return nil }
        return (index, Int(server.weight))
      }
    }

    /// Keeps those that come in within what their new fellows' weights allow; with new weights all keep
    /// what they are ahead or behind, in sessions.
    mutating func admit(_ appliance: Appliance, all: Bool) {
      let members = eligible(appliance)
      let before = sum
      sum = members.reduce(0) { $0 + $1.weight }
      if all, before != 0, sum != 0, before != sum {
        current = current.map {
          Int(max(-Double(sum), min(Double($0) * Double(sum) / Double(before), 8 * Double(sum))))
        }
      }
      for (index, _) in members where all || !taking.contains(index) {
        current[index] = max(-sum, min(current[index], 8 * sum))
      }
      taking = Set(members.map(\.index))
    }

    mutating func choose(_ appliance: Appliance) -> Int? {
      let members = eligible(appliance)
      for (index, weight) in members { current[index] += weight }
      guard var best = members.first?.index else { return nil }
      for (index, _) in members where current[index] > current[best] { best = index }
      current[best] -= members.reduce(0) { $0 + $1.weight }
      return best
    }
  }

  @Test(arguments: [1, 2, 5, 31, 32, 33, 64, 100, 200], [5, 1000])
  func everyChoiceIsNginxs(_ servers: Int, _ most: UInt32) {
    var numbers = Numbers(state: UInt64(servers) + UInt64(most))
    let weights = (0..<servers).map { _ in UInt32.random(in: 1...most, using: &numbers) }
    let appliance = Appliance(.wrr, weights: weights)
    var model = Model(servers)
    model.admit(appliance, all: true)
    var live: [Int] = []
    for step in 0..<1200 {
      switch Int.random(in: 0..<100, using: &numbers) {
      case 0..<60:
        let expected = model.choose(appliance)
        #expect(appliance.begin() == expected, "step \(step)")
        guard let expected else { break }
        model.sessions[expected] += 1
        live.append(expected)
        model.admit(appliance, all: false)
      case 60..<98:
        guard let place = live.indices.randomElement(using: &numbers) else { break }
        live.swapAt(place, live.count - 1)
        let index = live.removeLast()
        model.sessions[index] -= 1
        appliance.end(index)
        model.admit(appliance, all: false)
      default:
        let slot = appliance.servers.keys.sorted().randomElement(using: &numbers)!
        switch Int.random(in: 0..<3, using: &numbers) {
        case 0: appliance.servers[slot]!.weight = UInt32.random(in: 0...most, using: &numbers)
        case 1: appliance.servers[slot]!.maxSessions = UInt32.random(in: 0...9, using: &numbers)
        default: appliance.servers[slot]!.health = .allCases.randomElement(using: &numbers)!
        }
        appliance.publish()
        // The appliance takes a snapshot up at its first choice.
        model.admit(appliance, all: true)
        let expected = model.choose(appliance)
        #expect(appliance.choose() == expected, "step \(step)")
      }
    }
  }

  /// After as many choices as the weights' sum each server has had its weight exactly; on the way
  /// nobody is further from his share than the cup game's bound, the harmonic number.
  @Test(arguments: [2, 10, 40, 300]) func aRoundIsExactAndSmooth(_ servers: Int) {
    var numbers = Numbers(state: UInt64(servers))
    let weights = (0..<servers).map { _ in UInt32.random(in: 1...20, using: &numbers) }
    let sum = weights.reduce(0) { $0 + Int($1) }
    let appliance = Appliance(.wrr, weights: weights)
    let bound = (1...servers).reduce(0.0) { $0 + 1 / Double($1) }
    var counts = Array(repeating: 0, count: servers)
    for flow in 1...2 * sum {
      counts[appliance.begin()!] += 1
      for (count, weight) in zip(counts, weights) {
        let share = Double(flow) * Double(weight) / Double(sum)
        #expect(abs(Double(count) - share) <= bound)
      }
      if flow == sum { #expect(counts == weights.map { Int($0) }) }
    }
    #expect(counts == weights.map { 2 * Int($0) })
  }

  @Test func whatOtherWorkersFillTakesNoPart() {
    let appliance = Appliance(.wrr, weights: [5, 3, 2], workers: 2)
    appliance.change(0) { $0.maxSessions = 1 }
    // Worker 0 has chosen once, so that its seats are made; then worker 1 fills server 0.
    #expect(appliance.choose() == 0)
    appliance.add(0, worker: 1)
    #expect(shares(1000, of: 3) { _ in appliance.choose() } == [0, 600, 400])
  }

  /// The great ones are full, so that the sum is 1, when a snapshot takes their limits away.
  @Test func aSumThatGrowsByFarDoesNotOverflow() {
    let appliance = Appliance(.wrr, weights: [.max, .max, 1])
    for index in 0..<2 { appliance.servers[Appliance.slot(index)]!.maxSessions = 2 }
    appliance.publish()
    #expect(shares(10, of: 3) { _ in appliance.begin() } == [2, 2, 6])
    for index in 0..<2 { appliance.servers[Appliance.slot(index)]!.maxSessions = 0 }
    appliance.publish()
    let counts = shares(1000, of: 3) { _ in appliance.choose() }
    #expect(counts[0] > 480 && counts[1] > 480)
  }
}
