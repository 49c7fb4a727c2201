import Balancing
import Testing

@Suite struct ServerTimesTests {
  private func average(_ microseconds: Double) -> ResponseTimes.Average {
    ResponseTimes.Average(microseconds: microseconds, samples: 10)
  }

  private func times(
    _ requests: Double?, _ checks: Double? = nil, _ network: Double? = nil
  ) -> ServerTimes {
    ServerTimes(
      requests: requests.map(average), checks: checks.map(average), network: network.map(average))
  }

  private func compared(_ servers: [ServerTimes]) -> [Double?] {
    ServerTimes.comparable(servers).map { $0?.microseconds }
  }

  /// Nothing of one kind stands beside another kind's.
  @Test func timesOfOneKindAreCompared() {
    #expect(compared([times(500, 50, 5), times(600, 60, 6)]) == [500, 600])
    #expect(compared([times(500, 50, 5), times(nil, 60, 6)]) == [500, nil])
    #expect(compared([times(500, 50, 5), times(nil, 60, 6), times(nil, 70, 7)]) == [50, 60, 70])
    #expect(compared([times(nil, nil, 5), times(nil, 60, 6), times(nil, nil, 7)]) == [5, 6, 7])
    #expect(compared([times(500), times(nil, 60), times(nil, nil, 7)]) == [nil, nil, nil])
    #expect(compared([times(nil)]) == [nil])
    #expect(compared([]).isEmpty)
  }
}
