import Balancing
import Snapshots
import Testing

@Suite struct SlowStartTests {
  @Test func growsFromATenthToAll() {
    #expect(SlowStart.ramp(elapsed: 0, duration: 30) == 26)
    #expect(SlowStart.ramp(elapsed: 15, duration: 30) == 128)
    #expect(SlowStart.ramp(elapsed: 29, duration: 30) == 247)
    #expect(SlowStart.ramp(elapsed: 30, duration: 30) == 0)
    #expect(SlowStart.ramp(elapsed: 31, duration: 30) == 0)
    #expect(SlowStart.ramp(elapsed: 0, duration: 0) == 0)
    #expect(SlowStart.ramp(elapsed: 59_999_999_999, duration: 60_000_000_000) == 255)
  }

  @Test func theRecordKeepsRampAndResponseTimeApart() {
    var server = ServerRecord()
    #expect(server.ramp == 0 && server.responseTime == 0)
    server.ramp = 200
    server.responseTime = 12_345
    #expect(server.ramp == 200 && server.responseTime == 12_345)
    server.responseTime = .max
    #expect(server.ramp == 200 && server.responseTime == 16_777_215)
    server.ramp = 0
    #expect(server.ramp == 0 && server.responseTime == 16_777_215)
    #expect(MemoryLayout<ServerRecord>.stride == 32)
  }

  /// 64 of 256 is a quarter of its weight: 1/4 of 1 + 1 + 1/4, a ninth.
  @Test func aStartingServerGetsItsPart() {
    let appliance = Appliance(.wrr, weights: [3, 3, 3])
    appliance.change(2) { $0.ramp = 64 }
    #expect(shares(900, of: 3) { _ in appliance.choose() } == [400, 400, 100])
    appliance.change(2) { $0.ramp = 0 }
    let after = shares(900, of: 3) { _ in appliance.choose() }
    #expect(after.allSatisfy { abs($0 - 300) <= 1 })
  }

  /// Sessions that stay fill it to a quarter of the others.
  @Test(arguments: [Algorithm.lc, .wlc, .rt]) func aStartingServerIsFilledToItsPart(
    _ algorithm: Algorithm
  ) {
    let appliance = Appliance(algorithm, weights: [2, 2, 2])
    appliance.change(2) { $0.ramp = 64 }
    let counts = shares(900, of: 3) { _ in appliance.begin() }
    #expect(abs(counts[0] - 400) <= 1 && abs(counts[1] - 400) <= 1 && abs(counts[2] - 100) <= 1)
    // Then it is the least loaded until it is level.
    appliance.change(2) { $0.ramp = 0 }
    #expect(shares(300, of: 3) { _ in appliance.begin() }[2] >= 299)
  }

  @Test(arguments: [Algorithm.rr, .maglev]) func whereWeightsDoNotCountNothingChanges(
    _ algorithm: Algorithm
  ) {
    let plain = Appliance(algorithm, weights: [1, 1, 1])
    let starting = Appliance(algorithm, weights: [1, 1, 1])
    starting.change(2) { $0.ramp = 1 }
    for hash in 0..<300 as Range<UInt64> {
      #expect(starting.choose(hash: hash) == plain.choose(hash: hash))
    }
  }

  /// The greatest weights are not multiplied once more.
  @Test(arguments: [Algorithm.wrr, .rt]) func theGreatestWeightsDoNotOverflow(
    _ algorithm: Algorithm
  ) {
    let appliance = Appliance(algorithm, weights: [.max, .max, .max])
    appliance.change(2) { $0.ramp = 128 }
    let counts = shares(1000, of: 3) { _ in appliance.begin() }
    #expect(abs(counts[0] - 400) <= 1 && abs(counts[1] - 400) <= 1 && abs(counts[2] - 200) <= 1)
  }

  /// As rt has them for configured ones of tens of thousands.
  @Test func greatWeightsKeepTheirProportion() {
    let appliance = Appliance(.rt, weights: [10_000_000, 11_000_000, 100_000_000])
    let counts = shares(1210, of: 3) { _ in appliance.begin() }
    for (count, expected) in zip(counts, [100, 110, 1000]) { #expect(abs(count - expected) <= 1) }
  }
}
