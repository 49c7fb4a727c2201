import CDPDKShim
import Glibc

/// DPDK's environment abstraction layer, started once a process. Further appliances in a process,
/// which only tests have, share the first one's.
enum Environment {
  nonisolated(unsafe) private static var started: Choice?
  nonisolated(unsafe) private static var names = 0

  /// A name for a DPDK object that no other of this process has.
  static func uniqueName(_ stem: String) -> String {
    names += 1
    return "\(stem)-\(names)"
  }

  struct Choice {
    let hugePages: Bool
    /// One line for the log.
    let line: String
    /// Whether workers and manager share processors.
    let isCrowded: Bool
  }

  /// - Parameter poolBytes: what the packet buffers take
  static func start(_ options: ApplianceOptions, poolBytes: Int) throws(ApplianceError) -> Choice {
    if let started { return started }
    let free = Int(shim_free_hugepage_bytes())
    // EAL and the devices take some more than packet buffers.
    let needed = poolBytes + 64 << 20
    let hugePages: Bool
    let line: String
    switch options.hugePages {
    case .none:
      hugePages = false
      line = "memory: no huge pages, as configured"
    case .auto, .required:
      hugePages = free >= needed
      line =
        hugePages
        ? "memory: huge pages, \(free >> 20) MiB free"
        : "memory: no huge pages, since \(free >> 20) MiB of them are free and \(needed >> 20) MiB"
          + " are needed (hugepages/reserve \(needed >> 20))"
      if !hugePages && options.hugePages == .required {
        throw ApplianceError(
          "huge pages are required but \(free >> 20) MiB are free and \(needed >> 20) MiB are"
            + " needed: run hugepages/reserve \(needed >> 20), or set memory.hugepages to auto")
      }
    }
    let processors = (0..<1024).filter { shim_cpu_allowed(UInt32($0)) }
    let isCrowded = processors.count < options.workers + 1
    var arguments = [
      "tagline", "--file-prefix", "tagline-\(getpid())", "--no-telemetry", "--no-shconf",
      "--log-level", "error", "--lcores", lcores(processors, workers: options.workers),
    ]
    let devices = options.ports.map(\.device)
    arguments +=
      hugePages ? ["--in-memory"] : ["--no-huge", "-m", String(needed >> 20), "--iova-mode", "va"]
    if hugePages && devices.contains(where: sharesMemory) {
      arguments.append("--single-file-segments")
    }
    arguments += busArguments(devices)
    let result = arguments.withCStrings { shim_eal_start(Int32(arguments.count), $0) }
    guard result == 0 else {
      throw ApplianceError(
        "DPDK does not start: \(errorText(result)); run as root, or give the user its devices and"
          + " huge pages")
    }
    let choice = Choice(hugePages: hugePages, line: line, isCrowded: isCrowded)
    started = choice
    return choice
  }

  /// - Parameter result: a negative errno, or the -1 by which drivers say that they have told why
  static func errorText(_ result: Int32) -> String {
    result == -1
      ? "its driver refuses it, as it says above" : String(cString: shim_error_text(abs(result)))
  }

  /// The manager on lcore 0, each worker on one of its own: one processor each where there are
  /// enough, floating over all of them where there are not.
  private static func lcores(_ processors: [Int], workers: Int) -> String {
    guard processors.count >= workers + 1 else {
      let all = processors.map(String.init).joined(separator: ",")
      return (0...workers).map { "\($0)@(\(all))" }.joined(separator: ",")
    }
    return (0...workers).map { "\($0)@\(processors[$0])" }.joined(separator: ",")
  }

  /// Whether a device hands its peer the memory itself: vhost-user names at most eight regions, which
  /// huge pages of a file each exceed, and memif's `zero-copy` asks for the same.
  static func sharesMemory(_ device: String) -> Bool {
    ["net_virtio_user", "virtio_user", "net_memif"].contains { device.hasPrefix($0) }
  }

  /// Only the PCI devices that are named are touched; without one the bus is not even looked at.
  private static func busArguments(_ devices: [String]) -> [String] {
    let addresses = devices.filter { device in
      device.wholeMatch(
        of: /([0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7](,.*)?/) != nil
    }
    return addresses.isEmpty ? ["--no-pci"] : addresses.flatMap { ["--allow", $0] }
  }
}

extension [String] {
  /// Calls with C's `argv`. The strings are never freed: EAL keeps pointers into them.
  fileprivate func withCStrings<Result>(
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    let pointers = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: count + 1)
    for (index, string) in enumerated() { pointers[index] = strdup(string) }
    pointers[count] = nil
    return body(pointers)
  }
}
