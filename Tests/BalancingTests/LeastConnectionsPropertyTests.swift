import Balancing
import Snapshots
import Testing

/// lc, wlc and rt against the definition, worked out over all servers, through random lives of a service.
@Suite struct LeastConnectionsPropertyTests {
  /// What a choice must be, from plain arrays.
  private struct Model {
    var sessions: [Int]
    /// The choice in which a server was chosen last.
    var lastChosen: [Int]
    var choices = 0

    init(_ servers: Int) {
      sessions = Array(repeating: 0, count: servers)
      lastChosen = (0..<servers).map { $0 - servers }
    }

    /// The least (sessions + 1) / weight; of equals, chosen longest ago.
    func expected(_ appliance: Appliance) -> Int? {
      let isWeighted = appliance.service.algorithm != .lc
      var best: Int?
      for slot in appliance.order {
        let server = appliance.servers[slot]!
        let index = Appliance.index(slot)
        guard server.takesNewSessions,
          server.maxSessions == 0 || sessions[index] < Int(server.maxSessions)
        else { continue }
        guard let other = best else {
          best = index
          continue
        }
        let weights = [slot, Appliance.slot(other)].map {
          isWeighted ? Int(appliance.servers[$0]!.weight) : 1
        }
        let own = (sessions[index] + 1) * weights[1]
        let others = (sessions[other] + 1) * weights[0]
        if own < others || (own == others && lastChosen[index] < lastChosen[other]) { best = index }
      }
      return best
    }

    mutating func note(_ index: Int) {
      choices += 1
      lastChosen[index] = choices
    }
  }

  @Test(arguments: [Algorithm.lc, .wlc, .rt], [1, 2, 3, 7, 32, 33, 100])
  func everyChoiceIsTheLeast(_ algorithm: Algorithm, _ servers: Int) {
    var numbers = Numbers(state: UInt64(servers))
    let weights = (0..<servers).map { _ in UInt32.random(in: 1...5, using: &numbers) }
    let appliance = Appliance(algorithm, weights: weights)
    var model = Model(servers)
    var live: [Int] = []
    for step in 0..<1500 {
      switch Int.random(in: 0..<100, using: &numbers) {
      case 0..<45:
        let expected = model.expected(appliance)
        #expect(appliance.begin() == expected, "step \(step)")
        guard let expected else { break }
        model.note(expected)
        model.sessions[expected] += 1
        live.append(expected)
      case 45..<50:
        // Chosen, but no session comes of it.
        let expected = model.expected(appliance)
        #expect(appliance.choose() == expected, "step \(step)")
        if let expected { model.note(expected) }
      case 50..<53:
        // Rebuilt from a server's packet: begun without a choice.
        let index = Int.random(in: 0..<servers, using: &numbers)
        appliance.add(index)
        model.sessions[index] += 1
        live.append(index)
      case 53..<97:
        guard let place = live.indices.randomElement(using: &numbers) else { break }
        live.swapAt(place, live.count - 1)
        let index = live.removeLast()
        appliance.end(index)
        model.sessions[index] -= 1
      default:
        change(appliance, &numbers)
      }
    }
    #expect(model.choices > 100)
  }

  private func change(_ appliance: Appliance, _ numbers: inout Numbers) {
    let slot = appliance.servers.keys.sorted().randomElement(using: &numbers)!
    switch Int.random(in: 0..<5, using: &numbers) {
    case 0: appliance.servers[slot]!.weight = UInt32.random(in: 0...65_535, using: &numbers)
    case 1: appliance.servers[slot]!.weight = UInt32.random(in: 1...5, using: &numbers)
    case 2: appliance.servers[slot]!.maxSessions = UInt32.random(in: 0...9, using: &numbers)
    case 3: appliance.servers[slot]!.health = .allCases.randomElement(using: &numbers)!
    default:
      // Leaves its service, or comes back.
      if let place = appliance.order.firstIndex(of: slot) {
        appliance.order.remove(at: place)
      } else {
        appliance.order.insert(
          slot, at: Int.random(in: 0...appliance.order.count, using: &numbers))
      }
    }
    appliance.publish()
  }

  /// Quotients that differ by no more than 1 / (65,535 * 65,534), and equal ones of great terms.
  @Test func theFinestDifferenceOfWeightsCounts() {
    let appliance = Appliance(.wlc, weights: [65_534, 65_535])
    for _ in 0..<65_533 { appliance.add(0) }
    for _ in 0..<65_533 { appliance.add(1) }
    // 65,534 / 65,534 and 65,534 / 65,535; then 65,535 / 65,535, and so equal.
    #expect(appliance.begin() == 1)
    #expect(appliance.choose() == 0)
    #expect(appliance.choose() == 1)
    #expect(appliance.choose() == 0)
  }

  /// What other workers begin is seen when it matters, what they end within half as many choices as
  /// there are servers.
  @Test(arguments: [Algorithm.lc, .wlc]) func endsOnOtherWorkersAreFoundSoon(_ algorithm: Algorithm)
  {
    let appliance = Appliance(algorithm, weights: Array(repeating: 1, count: 100), workers: 2)
    for index in 0..<100 { for _ in 0..<50 { appliance.add(index, worker: 1) } }
    #expect(appliance.choose() == 0)
    for _ in 0..<50 { appliance.end(77, worker: 1) }
    let choices = (0..<51).map { _ in appliance.begin()! }
    let found = choices.firstIndex(of: 77)
    #expect(found != nil)
    #expect(choices[found!...].allSatisfy { $0 == 77 })
  }

  @Test(arguments: [Algorithm.lc, .wlc, .wrr]) func roomOnOtherWorkersIsFoundSoon(
    _ algorithm: Algorithm
  ) {
    let appliance = Appliance(algorithm, weights: Array(repeating: 1, count: 100), workers: 2)
    for slot in appliance.order { appliance.servers[slot]!.maxSessions = 1 }
    appliance.publish()
    for index in 0..<100 { appliance.add(index, worker: 1) }
    #expect(appliance.choose() == nil)
    appliance.end(77, worker: 1)
    let choices = (0..<4).map { _ in appliance.choose() }
    #expect(choices.contains(77))
    #expect(choices.allSatisfy { $0 == nil || $0 == 77 })
  }
}
