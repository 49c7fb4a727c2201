import BenchRig
import Testing

struct TrafficTests {
  /// The client's address of a frame to a server, less 10.0.0.0.
  private func flow(_ bytes: [UInt8]) -> Int {
    Int(bytes[27]) << 16 | Int(bytes[28]) << 8 | Int(bytes[29])
  }

  private func flows(_ traffic: inout Traffic, _ count: Int) -> [Int] {
    var bytes = [UInt8](repeating: 0, count: 2048)
    return (0..<count).map { _ in
      _ = bytes.withUnsafeMutableBytes { traffic.next($0.baseAddress!) }
      return flow(bytes)
    }
  }

  @Test func randomFlowsCoverTheirRangeEvenly() {
    var traffic = Traffic([.init(FrameKind(.toServer), flows: 100..<200)])
    let drawn = flows(&traffic, 100_000)
    #expect(drawn.allSatisfy { (100..<200).contains($0) })
    var counts: [Int: Int] = [:]
    for flow in drawn { counts[flow, default: 0] += 1 }
    // 1,000 each; the standard deviation is 32.
    #expect(counts.count == 100 && counts.values.allSatisfy { (800...1200).contains($0) })
  }

  @Test func sequentialFlowsBeginAgain() {
    var traffic = Traffic([.init(FrameKind(.toServer), flows: 7..<10, isSequential: true)])
    #expect(flows(&traffic, 7) == [7, 8, 9, 7, 8, 9, 7])
  }

  @Test func streamsAreDrawnByTheirShares() {
    var traffic = Traffic([
      .init(FrameKind(.toServer, isLabelled: true), share: 90, flows: 0..<9),
      .init(FrameKind(.toClient), share: 9, flows: 0..<9),
      .init(FrameKind(.toServer), share: 1, flows: 0..<9, isSequential: true),
    ])
    _ = flows(&traffic, 100_000)
    #expect(traffic.sent() == 100_000)
    #expect((89_000...91_000).contains(traffic.sent { $0.kind.isLabelled }))
    #expect(
      (800...1200).contains(traffic.sent { $0.kind.direction == .toServer && !$0.kind.isLabelled }))
  }

  @Test func everyRunHasTheSameFrames() {
    var first = Traffic([.init(FrameKind(.toServer), flows: 0..<1_000_000)])
    var second = Traffic([.init(FrameKind(.toServer), flows: 0..<1_000_000)])
    #expect(flows(&first, 100) == flows(&second, 100))
  }
}
