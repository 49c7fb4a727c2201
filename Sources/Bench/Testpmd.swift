import BenchRig
import Foundation

/// `dpdk-testpmd --forward-mode=macswap` on one device, led through its standard input. Its worker has
/// the processor that the appliance's worker has.
final class Testpmd {
  private let process: Subprocess
  private let isRing: Bool
  private let worker: String

  /// - Parameter device: a DPDK virtual device with its arguments
  init(device: String, isRing: Bool, hugePages: Bool, packetBuffers: Int) throws(BenchFailure) {
    self.isRing = isRing
    guard Subprocess.output(of: "which", ["dpdk-testpmd"]) != nil else {
      throw BenchFailure("dpdk-testpmd is not installed: apt-get install dpdk-dev", code: 2)
    }
    let memory =
      hugePages ? ["--in-memory"] : ["--no-huge", "-m", "\(packetBuffers * 2560 >> 20 + 64)"]
    // Without huge pages and as testpmd makes it by itself, the pool has every buffer's header in the
    // same cache set, which the appliance's pool has not.
    let pool = hugePages ? "native" : "anon"
    // Line by line, though it goes to a pipe.
    process = try Subprocess(
      "stdbuf",
      ["-oL", "dpdk-testpmd", "--lcores", Self.lcores] + memory + [
        "--no-pci", "--no-telemetry", "--no-shconf", "--log-level", "error",
        "--file-prefix", "testpmd-\(ProcessInfo.processInfo.processIdentifier)",
        "--vdev", device, "--", "--interactive", "--forward-mode=macswap", "--nb-cores=1",
        "--total-num-mbufs=\(packetBuffers)", "--mp-alloc=\(pool)",
      ], errors: .nullDevice)
    guard process.read(until: "Checking link statuses...") != nil,
      process.read(until: "Done") != nil
    else {
      throw BenchFailure("dpdk-testpmd does not start on \(device); try it by hand", code: 2)
    }
    let tasks = "/proc/\(process.processIdentifier)/task"
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
    guard
      let thread = threads.first(where: { thread in
        Self.text("\(tasks)/\(thread)/comm")?.hasPrefix("rte-worker") ?? false
      })
    else { throw BenchFailure("dpdk-testpmd has no worker thread", code: 2) }
    worker = "\(tasks)/\(thread)/schedstat"
  }

  /// Its main and its worker thread, the latter on the second processor if there is one.
  static var lcores: String {
    let processors = Self.processors
    return "0@\(processors[0]),1@\(processors[min(1, processors.count - 1)])"
  }

  /// Processors that this process may run on.
  private static var processors: [Int] {
    let list =
      text("/proc/self/status")?.split(separator: "\n")
      .first { $0.hasPrefix("Cpus_allowed_list:") }?.dropFirst("Cpus_allowed_list:".count) ?? "0"
    return list.trimmingCharacters(in: .whitespaces).split(separator: ",").flatMap { part in
      let ends = part.split(separator: "-").compactMap { Int($0) }
      return ends.isEmpty ? [] : Array(ends[0]...ends[ends.count - 1])
    }
  }

  private static func text(_ path: String) -> String? {
    try? String(contentsOfFile: path, encoding: .utf8)
  }

  /// The worker's time on its processor so far, in nanoseconds (proc(5), schedstat).
  private func processorTime() throws(BenchFailure) -> Double {
    guard let first = Self.text(worker)?.split(separator: " ").first, let time = Double(first)
    else { throw BenchFailure("\(worker) cannot be read: the kernel lacks schedstat", code: 2) }
    return time
  }

  /// One round.
  ///
  /// - Returns: nanoseconds of processor time a packet
  func round(seconds: Double) throws(BenchFailure) -> Double {
    let before = try processorTime()
    // What is in a ring is thrown away at each start.
    process.send(isRing ? "start tx_first 16" : "start")
    Thread.sleep(forTimeInterval: seconds)
    process.send("stop")
    guard let text = process.read(until: "Accumulated forward statistics"),
      process.read(until: "Done.") != nil
    else { throw BenchFailure("dpdk-testpmd ended by itself", code: 2) }
    guard let packets = Self.receivedPackets(text), packets > 0 else {
      throw BenchFailure("dpdk-testpmd received no packet", code: 2)
    }
    return (try processorTime() - before) / packets
  }

  /// The last `RX-packets: N` of its statistics.
  static func receivedPackets(_ text: String) -> Double? {
    guard let range = text.range(of: "RX-packets:", options: .backwards) else { return nil }
    return Double(text[range.upperBound...].split(separator: " ").first ?? "")
  }

  func quit() {
    process.send("quit")
    _ = process.finish()
  }
}
