import AdminProtocol
import Foundation

/// Where and of what a record was made.
public enum Machine {
  /// `machine`, `dpdk`, `date` and `commit` of a record.
  public static func description() -> [(String, JSONValue)] {
    [
      (
        "machine",
        [
          "processor": JSONValue(processor),
          "cores": JSONValue(ProcessInfo.processInfo.processorCount),
          "kernel": JSONValue(Subprocess.output(of: "uname", ["-sr"])),
          "memory_mib": JSONValue(ProcessInfo.processInfo.physicalMemory >> 20),
          "hypervisor": .bool(cpuLine("flags")?.contains(" hypervisor") ?? false),
        ]
      ),
      ("dpdk", JSONValue(Subprocess.output(of: "pkg-config", ["--modversion", "libdpdk"]))),
      ("date", .string(Date().formatted(.iso8601))),
      ("commit", JSONValue(commit)),
    ]
  }

  static var processor: String? { cpuLine("model name") }

  private static func cpuLine(_ key: String) -> String? {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
    return line?.split(separator: ":", maxSplits: 1).last?
      .trimmingCharacters(in: .whitespaces)
  }

  /// The commit of the folder that the program runs in; "+" where files differ from it.
  private static var commit: String? {
    guard let commit = Subprocess.output(of: "git", ["rev-parse", "HEAD"]) else { return nil }
    let changes = Subprocess.output(of: "git", ["status", "--porcelain", "--untracked-files=no"])
    return commit + (changes?.isEmpty ?? true ? "" : "+")
  }
}
