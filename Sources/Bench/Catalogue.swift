import BenchRig
import Management

/// The cases that there are.
public enum Catalogue {
  /// In the order in which they run and are listed.
  public static let cases: [BenchmarkCase] =
    both("switch", [1000, 100_000, 524_000])
    + both("switch.guard-port", [1000, 100_000, 524_000])
    + both("switch.pop", [1000, 100_000, 524_000])
    + both("session", [1000, 100_000, 1_000_000, 4_000_000, 16_000_000])
    + both("session.ipv6", [1000, 100_000, 1_000_000])
    + algorithms.map { BenchmarkCase("new.\($0)", .ring, 100_000) }
    + ["new.syn-flood", "mix", "mix.snapshot", "mix.reload"].map {
      BenchmarkCase($0, .ring, 100_000)
    }
    + workers.map { BenchmarkCase("workers.\($0)", .ring, 100_000) }
    + [
      BenchmarkCase("start", .pcap, 1), BenchmarkCase("macswap", .ring, 512),
      BenchmarkCase("macswap", .pcap, 1000),
    ]

  private static let algorithms = ["rr", "wrr", "lc", "wlc", "rt", "p2c", "maglev"]

  private static let workers = [
    "own", "other", "mixed", "one-queue", "session",
  ]

  /// A device that replays for ever holds its whole capture in packet buffers.
  private static let largestCapture = 100_000

  private static func both(_ name: String, _ sizes: [Int]) -> [BenchmarkCase] {
    sizes.map { BenchmarkCase(name, .ring, $0) }
      + sizes.filter { $0 <= largestCapture }.map { BenchmarkCase(name, .pcap, $0) }
  }

  /// What is done in a case.
  public static func summary(_ name: String) -> String {
    switch name {
    case "switch": "labelled packets of n live pairs, both directions, guard flow"
    case "switch.guard-port": "the same between two ports, guard port"
    case "switch.pop": "labelled packets to clients that are no label endpoints"
    case "session": "unlabelled packets of n known sessions, both directions"
    case "session.ipv6": "the same in IPv6"
    case "new.syn-flood": "SYNs of unknown clients with the embryonic share full"
    case "mix": "IMIX: 90 % labelled, 9 % of known sessions, 1 % new"
    case "mix.snapshot": "mix, with a snapshot published every 10 ms"
    case "mix.reload": "mix, with 1,000 services reloaded over and over"
    case "workers.own": "two workers at once, each switching labels of n own pairs"
    case "workers.other": "each switching labels of the other's pairs"
    case "workers.mixed": "each switching labels of own pairs and of the other's"
    case "workers.one-queue": "all labelled packets on the first worker's queue"
    case "workers.session":
      "unlabelled packets of n known sessions a worker, on their owners' queues"
    case "start": "from the program's start to its first packet forwarded"
    case "macswap": "the C loop against dpdk-testpmd's macswap"
    default: "first UDP packets, n sessions alive, as many ending as starting"
    }
  }

  /// The cases that some names mean, in the catalogue's order: all without a name; those of that name;
  /// all variants of a name that has only variants (`new`).
  ///
  /// - Parameters:
  ///   - device: nil for all devices
  ///   - size: nil for all n
  public static func select(
    _ names: [String], device: BenchmarkCase.Device? = nil, size: Int? = nil
  ) throws(BenchFailure) -> [BenchmarkCase] {
    var chosen: Set<String> = []
    var unknown: [String] = []
    let known = namesInOrder
    for name in names {
      let matches = known.contains(name) ? [name] : known.filter { $0.hasPrefix(name + ".") }
      if matches.isEmpty { unknown.append(complaint(name, known)) }
      chosen.formUnion(matches)
    }
    guard unknown.isEmpty else { throw BenchFailure(unknown.joined(separator: "\n"), code: 1) }
    let selected = cases.filter { benchmarkCase in
      (names.isEmpty || chosen.contains(benchmarkCase.name))
        && (device == nil || benchmarkCase.device == device)
        && (size == nil || benchmarkCase.n == size)
    }
    guard !selected.isEmpty else {
      throw BenchFailure(
        "no case of these names has that device and n; tagline-bench --list names them all",
        code: 1)
    }
    return selected
  }

  /// Each name once.
  public static var namesInOrder: [String] {
    var seen: Set<String> = []
    return cases.map(\.name).filter { seen.insert($0).inserted }
  }

  private static func complaint(_ name: String, _ known: [String]) -> String {
    let families = Set(known.compactMap { $0.split(separator: ".").first.map(String.init) })
    let words = known + families.subtracting(known).sorted()
    let near = words.filter { $0.isNear(name) }
    let hint =
      near.isEmpty
      ? "tagline-bench --list names them all" : "did you mean \(near.joined(separator: ", "))?"
    return "no case is called \(name); \(hint)"
  }
}

extension String {
  fileprivate func isNear(_ name: String) -> Bool {
    name.nearest(among: [self]) != nil || hasSuffix("." + name)
  }
}
