import Glibc
import NIOEmbedded
import Testing

@testable import Management

/// In a process of its own, whose descriptors run out.
@Suite struct EchoSocketTests {
  /// A check takes two descriptors. With room for one it is this machine's fault, and keeps none.
  @Test func needsTwoDescriptors() async {
    await #expect(processExitsWith: .success) {
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
      let loop = EmbeddedEventLoop()
      var limit = rlimit()
      try #require(getrlimit(resource, &limit) == 0)
      let lowestFree = dup(2)
      close(lowestFree)
      var low = rlimit(rlim_cur: rlim_t(lowestFree) + 1, rlim_max: limit.rlim_max)
      try #require(setrlimit(resource, &low) == 0)
      let result = Result { try EchoSocket(.ipv4, on: loop) }
      try #require(setrlimit(resource, &limit) == 0)
      #expect(throws: EchoSocket.Failure.self) { try result.get() }
      #expect(dup(2) == lowestFree)
    }
  }
}
