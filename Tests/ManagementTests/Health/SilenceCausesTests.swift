import Testing
import Wire

@testable import Management

@Suite struct SilenceCausesTests {
  private static let cause = CheckResult.bad("it is no label endpoint")

  private func check(port: UInt16 = 80) throws -> HealthCheck {
    HealthCheck(
      address: try #require(IPAddress("203.0.113.10")), question: .tcp(port: port),
      interval: .seconds(2), timeout: .seconds(1), jitter: 0)
  }

  /// Found out at the first of eight failed checks, and again at the ninth.
  @Test func serveEightChecks() throws {
    var causes = SilenceCauses()
    let check = try check()
    for round in 0..<3 {
      #expect(causes.recall(check, server: 1) == (round == 0 ? nil : Self.cause, true))
      causes.learn(Self.cause, check, server: 1)
      for _ in 1..<8 { #expect(causes.recall(check, server: 1) == (Self.cause, false)) }
    }
  }

  @Test func stayDueUntilFoundOut() throws {
    var causes = SilenceCauses()
    let check = try check()
    for _ in 0..<10 { #expect(causes.recall(check, server: 1) == (nil, true)) }
    causes.learn(Self.cause, check, server: 1)
    for _ in 1..<8 { #expect(causes.recall(check, server: 1) == (Self.cause, false)) }
    for _ in 0..<10 { #expect(causes.recall(check, server: 1) == (Self.cause, true)) }
  }

  @Test func areOfOneServerAndItsCheck() throws {
    var causes = SilenceCauses()
    causes.learn(Self.cause, try check(), server: 1)
    #expect(causes.recall(try check(), server: 2) == (nil, true))
    #expect(causes.recall(try check(port: 81), server: 1) == (nil, true))
    #expect(causes.recall(try check(), server: 1) == (Self.cause, false))
    causes.forget(server: 1)
    #expect(causes.recall(try check(), server: 1) == (nil, true))
  }
}
