import NIOCore
import NIOEmbedded
import Synchronization
import Wire

@testable import Management

/// A check of 10.0.0.`host`, TCP unless told.
func check(
  _ host: UInt32, _ question: HealthCheck.Question = .tcp(port: 80),
  interval: Duration = .seconds(2), timeout: Duration = .seconds(1), jitter: Int = 0
) -> HealthCheck {
  HealthCheck(
    address: IPAddress(ipv4Word: 0x0000_000a | host << 24), question: question,
    interval: interval, timeout: timeout, jitter: jitter)
}

/// Notes when each check begins, and answers when it is told to. For an `EmbeddedEventLoop`.
final class FakeProber: HealthProber, @unchecked Sendable {
  /// What began, in order, and when.
  private(set) var begun: [(check: HealthCheck, at: NIODeadline)] = []
  private var promises: [HealthCheck: EventLoopPromise<CheckResult>] = [:]
  private(set) var mostUnderWay = 0
  private(set) var isStopped = false
  /// The answer that comes at once; nil leaves checks under way.
  var answer: CheckResult?

  init(answer: CheckResult? = nil) { self.answer = answer }

  func probe(_ check: HealthCheck, on loop: any EventLoop) -> EventLoopFuture<CheckResult> {
    begun.append((check, loop.now))
    let promise = loop.makePromise(of: CheckResult.self)
    if let answer {
      promise.succeed(answer)
    } else {
      precondition(promises[check] == nil, "a check begins again only after its end")
      promises[check] = promise
      mostUnderWay = max(mostUnderWay, promises.count)
    }
    return promise.futureResult
  }

  func end(_ check: HealthCheck, _ result: CheckResult) {
    promises.removeValue(forKey: check)?.succeed(result)
  }

  func stop() {
    isStopped = true
    for promise in promises.values { promise.succeed(.unable("stopped")) }
    promises = [:]
  }
}

/// Milliseconds of fake time.
func milliseconds(_ time: NIODeadline) -> Int { Int(time.uptimeNanoseconds / 1_000_000) }
