import Balancing
import Testing

@Suite struct ResponseWeightsTests {
  private typealias Server = ResponseWeights.Server

  private func average(_ microseconds: Double, _ samples: Double = 1e9) -> ResponseTimes.Average {
    ResponseTimes.Average(microseconds: microseconds, samples: samples)
  }

  /// Weights after many steps with the same response times.
  private func settled(_ servers: [Server], steps: Int = 60) -> [UInt32] {
    var servers = servers
    for _ in 0..<steps {
      for (index, weight) in ResponseWeights.next(servers).enumerated() {
        servers[index].previous = weight
      }
    }
    return servers.map { $0.previous! }
  }

  @Test func withoutAnythingKnownTheConfiguredWeightsHold() {
    let servers = [1, 5, 0, 65_535].map { Server(weight: $0, response: nil) }
    #expect(ResponseWeights.next(servers) == [256, 1280, 0, 65_535 * 256])
    #expect(settled(servers) == [256, 1280, 0, 65_535 * 256])
  }

  @Test func equalServersKeepTheirWeights() {
    let servers = [1, 2, 3].map { Server(weight: $0, response: average(170)) }
    #expect(settled(servers) == [256, 512, 768])
  }

  /// By hand: the harmonic mean of 100, 200 and 400 is 3 / (7 / 400) = 171.43.
  @Test func settlesInInverseProportion() {
    let servers = [100.0, 200, 400].map { Server(weight: 1, response: average($0)) }
    let weights = settled(servers)
    // To whole weights, and to half a weight in the last step, which is a quarter of the way.
    for (weight, expected) in zip(weights, [439, 219, 110] as [UInt32]) {
      #expect(weight >= expected - 2 && weight <= expected + 2)
    }
  }

  @Test func configuredWeightsMultiply() {
    let weights = settled([
      Server(weight: 4, response: average(100)), Server(weight: 1, response: average(100)),
      Server(weight: 4, response: average(400)),
    ])
    #expect(abs(Double(weights[0]) / Double(weights[1]) - 4) < 0.02)
    #expect(abs(Double(weights[0]) / Double(weights[2]) - 4) < 0.02)
  }

  @Test func noServerStarvesOrTakesAll() {
    let weights = settled([
      Server(weight: 1, response: average(1)), Server(weight: 1, response: average(100)),
      Server(weight: 1, response: average(100)), Server(weight: 1, response: average(1_000_000)),
    ])
    // A mean of 3.9; 3.9 / 100 and less are lifted to an eighth.
    #expect(weights[0] > 256 * 3 && weights[0] < 256 * 4)
    #expect(weights[1...].allSatisfy { $0 >= 32 && $0 <= 34 })
    let many = settled(
      [Server(weight: 1, response: average(1))]
        + Array(repeating: Server(weight: 1, response: average(10_000)), count: 99))
    #expect(many[0] <= 8 * 256 && many[0] >= 8 * 256 - 2)
  }

  @Test func aStepGoesAQuarterOfTheWay() {
    let servers = [
      Server(weight: 1, response: average(100), previous: 256),
      Server(weight: 1, response: average(1600), previous: 256),
    ]
    // The mean is 188.2: aims of 1.882 and 1 / 8; the fourth roots are 1.171 and 0.5946.
    #expect(ResponseWeights.next(servers) == [300, 152])
  }

  @Test func fewSamplesCountLittle() {
    let servers = [
      Server(weight: 1, response: average(100)), Server(weight: 1, response: average(100)),
      Server(weight: 1, response: average(10_000, 0.1)),
    ]
    let weights = settled(servers)
    #expect(abs(Double(weights[2]) / Double(weights[0]) - 1 / 3.4) < 0.1)
    // And nothing once they have faded.
    let faded = settled(
      servers.map { server in
        var server = server
        if server.response!.samples < 1 { server.response!.samples = 1e-6 }
        return server
      })
    #expect(abs(Double(faded[2]) / Double(faded[0]) - 1) < 0.02)
  }

  @Test func aWeightConfiguredAnewTakesHoldAtOnce() {
    let server = Server(weight: 100, response: nil, previous: 256)
    // Lifted to an eighth of 25,600, and from there a quarter of the way: 3200 * 8^(1/4).
    #expect(ResponseWeights.next([server]) == [5382])
    #expect(ResponseWeights.next([Server(weight: 0, response: nil, previous: 256)]) == [0])
  }

  /// Servers that slow down as they are loaded: s / (1 - load / capacity), the mean time in an M/M/1
  /// queue. The weights settle instead of swinging, and the slow one is not overrun.
  @Test(arguments: [0.3, 0.6, 0.9]) func weightsSettleWhereLoadFeedsBack(_ load: Double) {
    let capacities = [1000.0, 1000, 500, 250]
    let offered = load * capacities.reduce(0, +)
    var servers = capacities.map { _ in Server(weight: 1, response: nil) }
    var seen: [Double?] = capacities.map { _ in nil }
    var last: [[Double]] = []
    for step in 0..<400 {
      let weights = ResponseWeights.next(servers)
      let sum = weights.reduce(0.0) { $0 + Double($1) }
      for (index, capacity) in capacities.enumerated() {
        servers[index].previous = weights[index]
        let rate = offered * Double(weights[index]) / sum
        let time = 1e6 / capacity / (1 - min(rate / capacity, 0.98))
        // Half of what is seen is older than this step: a half-life of one second.
        seen[index] = ((seen[index] ?? time) + time) / 2
        servers[index].response = average(seen[index]!)
      }
      if step >= 390 { last.append(weights.map { Double($0) / sum }) }
    }
    for index in capacities.indices {
      let shares = last.map { $0[index] }
      #expect(shares.max()! - shares.min()! < 0.01)
      #expect(shares[0] * offered < capacities[index] * 0.97)
    }
    #expect(last[9][0] > last[9][2] && last[9][2] > last[9][3])
  }
}
