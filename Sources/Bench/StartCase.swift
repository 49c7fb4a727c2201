import AdminProtocol
import BenchRig
import Foundation
import Labels
import Sessions

/// How long the appliance takes from its start to its first packet forwarded, against dpdk-testpmd on
/// the same device; and the memory that a session and a pair take.
enum StartCase {
  static func run(
    _ benchmarkCase: BenchmarkCase, _ options: CaseChild.Options
  ) throws(BenchFailure) -> JSONValue {
    let folder = options.folder
    let tagline = URL(fileURLWithPath: BenchRun.executable).deletingLastPathComponent()
      .appendingPathComponent("tagline").path
    guard FileManager.default.isExecutableFile(atPath: tagline) else {
      throw BenchFailure("\(tagline) is missing: swift build -c release", code: 2)
    }
    let files = try StartFiles.write(to: folder, hugePages: options.hugePages)
    var ours: [Double] = []
    var theirs: [Double] = []
    for _ in 0..<options.rounds {
      theirs.append(
        try time(
          "dpdk-testpmd",
          [
            "--no-huge", "-m", "256", "--no-pci", "--no-telemetry", "--no-shconf", "--lcores",
            Testpmd.lcores, "--log-level", "error", "--file-prefix",
            "testpmd-\(ProcessInfo.processInfo.processIdentifier)", "--vdev", files.device, "--",
            "--forward-mode=macswap", "--nb-cores=1", "--total-num-mbufs=32768", "--no-flush-rx",
          ], in: folder, until: files.sent))
      ours.append(
        try time(
          tagline, ["run", "--config", files.configuration], in: folder, until: files.sent))
    }
    guard let worker = Statistics(ours), let other = Statistics(theirs) else {
      throw BenchFailure("there was no round", code: 1)
    }
    let sessions = 1 << 20
    let pairs = UInt32(524_279)
    let pairBytes =
      LabelManager.byteCount(pairCount: pairs) + LabelSwitchTable.byteCount(pairCount: pairs)
      + ActivityStamps.byteCount(pairCount: pairs, workers: 1)
    return CaseResult(
      benchmarkCase, worker: worker, yardstick: other,
      extra: [
        ("rounds", JSONValue(options.rounds)),
        (
          "bytes_a_session",
          .rounded(Double(SessionTable.byteCount(capacity: sessions)) / Double(sessions))
        ),
        ("bytes_a_pair", .rounded(Double(pairBytes) / Double(pairs))),
        ("hugepages", .bool(false)), ("own_core", .bool(true)),
      ]
    ).json
  }

  /// Nanoseconds from a program's start until it has sent a packet into a capture.
  private static func time(
    _ program: String, _ arguments: [String], in folder: String, until capture: String
  ) throws(BenchFailure) -> Double {
    try? FileManager.default.removeItem(atPath: capture)
    let start = ContinuousClock.now
    let process = try Subprocess(program, arguments, in: folder, errors: .nullDevice)
    while ContinuousClock.now - start < .seconds(20) {
      // A capture's header has 24 bytes.
      if let size = try? FileManager.default.attributesOfItem(atPath: capture)[.size] as? Int,
        size > 24
      {
        let time = ContinuousClock.now - start
        kill(process.processIdentifier, SIGTERM)
        _ = process.finish()
        return Double(time.components.seconds) * 1e9 + Double(time.components.attoseconds) / 1e9
      }
      usleep(100)
    }
    throw BenchFailure("\(program) forwarded no packet within 20 s", code: 2)
  }
}
