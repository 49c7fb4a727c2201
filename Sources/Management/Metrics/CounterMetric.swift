import Dataplane

/// The metric that a counter of `show.counters` is offered as.
struct CounterMetric {
  let name: String
  let help: String
  /// Nanoseconds, offered as seconds.
  var isTime = false

  /// By the counter's name; nil if another metric tells it already.
  init?(counter: String) {
    if Self.toldElsewhere.contains(counter) { return nil }
    if let known = Self.known[counter] {
      self = known
      return
    }
    // One that was added and has no entry yet is not lost.
    isTime = counter.hasSuffix("_ns")
    let words = (isTime ? counter.dropLast(3) + "_seconds" : counter[...])
    name = "tagline_\(words.map { $0 == "." ? "_" : String($0) }.joined())_total"
    help = "The counter \(counter)."
  }

  /// Counters that have one metric together, whose label is the rest of their name.
  enum Family: String, CaseIterable {
    case drop, refused

    init?(of counter: String) {
      guard let point = counter.firstIndex(of: ".") else { return nil }
      self.init(rawValue: String(counter[..<point]))
    }

    func reason(of counter: String) -> String { String(counter.dropFirst(rawValue.count + 1)) }

    var name: String {
      switch self {
      case .drop: "tagline_packets_dropped_total"
      case .refused: "tagline_sessions_refused_reasons_total"
      }
    }

    var help: String {
      switch self {
      case .drop: "Packets dropped, by reason."
      case .refused: "Sessions refused by admission, by reason."
      }
    }
  }

  /// `tagline_health_checks_total` has them by result.
  private static let toldElsewhere: Set = ["health.checks", "health.failures"]

  private init(_ name: String, _ help: String, isTime: Bool = false) {
    self.name = name
    self.help = help
    self.isTime = isTime
  }

  private static let known: [String: CounterMetric] = {
    let metrics: [Counter: CounterMetric] = [
      .rxPackets: CounterMetric(
        "tagline_packets_received_total",
        "Packets received; each is switched, forwarded, given to the kernel or dropped."),
      .labelSwitched: CounterMetric(
        "tagline_packets_switched_total", "Packets switched by their label alone."),
      .analysedForwarded: CounterMetric(
        "tagline_packets_forwarded_total", "Packets forwarded after analysis."),
      .kernelPackets: CounterMetric(
        "tagline_packets_to_kernel_total", "Packets given to the kernel."),
      .kernelSent: CounterMetric(
        "tagline_packets_from_kernel_total",
        "Packets of kernel twins, and of health checks along the path, sent on."),
      .healthUnsent: CounterMetric(
        "tagline_health_packets_unsent_total",
        "Packets of health checks along the path that had no way."),
      .labelPopped: CounterMetric(
        "tagline_packets_popped_total", "Switched packets that left without their label."),
      .labelUnknown: CounterMetric(
        "tagline_labels_unknown_total", "Labels that failed the test of entry, side or guard."),
      .labelExhausted: CounterMetric(
        "tagline_labels_exhausted_total", "Sessions for which no label pair was free."),
      .labelEmbryonicFull: CounterMetric(
        "tagline_labels_embryonic_full_total",
        "Sessions that found the embryonic share of the label pairs spent."),
      .handoverPackets: CounterMetric(
        "tagline_packets_handed_over_total",
        "Packets handed to the worker that owns their session."),
      .sessionNew: CounterMetric("tagline_sessions_started_total", "Sessions started."),
      .sessionRefused: CounterMetric(
        "tagline_sessions_refused_total", "Sessions refused by admission."),
      .sessionEnded: CounterMetric("tagline_sessions_ended_total", "Sessions ended."),
      .sessionSampled: CounterMetric(
        "tagline_sessions_sampled_total", "Sessions whose requests were timed."),
      .sessionTableFull: CounterMetric(
        "tagline_sessions_table_full_total", "Sessions refused because the table was full."),
      .answerPackets: CounterMetric(
        "tagline_packets_answered_total", "RST and ICMP packets made here."),
      .txPackets: CounterMetric("tagline_packets_sent_total", "Packets that devices took."),
      .txFull: CounterMetric(
        "tagline_packets_unsent_total", "Packets that devices did not take."),
      .checksumCompleted: CounterMetric(
        "tagline_checksums_completed_total", "Packets whose partial checksum was completed."),
      .workerBusyNanoseconds: CounterMetric(
        "tagline_busy_seconds_total", "Time that workers spent in loops with packets.",
        isTime: true),
    ]
    return Dictionary(uniqueKeysWithValues: metrics.map { ($0.key.name, $0.value) })
      .merging(beside) { first, _ in first }
  }()

  /// What is counted outside the workers.
  private static let beside = [
    "kernel.lost": CounterMetric(
      "tagline_packets_kernel_lost_total",
      "Packets to or from the kernel that a device or a lack of buffers did not let through."),
    "health.changes": CounterMetric(
      "tagline_health_changes_total", "Changes of servers' health."),
    "capture.packets": CounterMetric(
      "tagline_capture_packets_total", "Packets written to capture files."),
    "capture.lost": CounterMetric(
      "tagline_capture_packets_lost_total",
      "Packets to be captured for which there was no room, or no time to write them."),
  ]
}
