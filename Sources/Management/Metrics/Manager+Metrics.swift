import Dataplane
import Glibc
import NIOCore

/// Everything that is offered to Prometheus. docs/metrics.md lists it.
extension Manager {
  /// The whole page.
  func metricsPage() -> ByteBuffer {
    var text = MetricsText()
    writeProcess(&text)
    writeCounters(&text)
    writeWorkers(&text)
    writeSessions(&text)
    writeServices(&text)
    writeServers(&text)
    writePorts(&text)
    writeCaptures(&text)
    return text.buffer
  }

  private func writeProcess(_ text: inout MetricsText) {
    text.family("tagline_build_info", .gauge, "1; the label is the version.")
    text.sample(["version": Self.version], 1)
    text.family(
      "process_start_time_seconds", .gauge, "When the appliance started, since the Unix epoch.")
    text.sample(startTime)
    text.family("tagline_snapshot", .gauge, "The number of the snapshot that workers read.")
    text.sample(snapshotNumber)
    text.family("tagline_workers", .gauge, "Data-plane workers.")
    text.sample(appliance.options.workers)
  }

  private func writeCounters(_ text: inout MetricsText) {
    let counters = appliance.counters()
    for (counter, value) in counters
    where !counter.hasPrefix(Self.drop) && !counter.hasPrefix(Self.refused) {
      let metric = CounterMetric(counter: counter)
      text.family(metric.name, .counter, metric.help)
      text.sample(metric, value)
    }
    text.family("tagline_packets_dropped_total", .counter, "Packets dropped, by reason.")
    for (counter, value) in counters where counter.hasPrefix(Self.drop) {
      text.sample(["reason": String(counter.dropFirst(Self.drop.count))], value)
    }
    text.family(
      "tagline_sessions_refused_reasons_total", .counter,
      "Sessions refused by admission, by reason.")
    for (counter, value) in counters where counter.hasPrefix(Self.refused) {
      text.sample(["reason": String(counter.dropFirst(Self.refused.count))], value)
    }
  }

  private static let drop = "drop."
  private static let refused = "refused."

  private func writeWorkers(_ text: inout MetricsText) {
    let workers = (0..<appliance.options.workers).map { worker in
      Dictionary(
        uniqueKeysWithValues: appliance.counters(worker: worker).map { ($0.name, $0.value) })
    }
    let shown: [(name: String, counter: Counter, help: String)] = [
      ("packets_received", .rxPackets, "Packets received, by worker."),
      ("packets_sent", .txPackets, "Packets that devices took, by worker."),
      ("packets_handed_over", .handoverPackets, "Packets handed to another worker."),
      ("busy_seconds", .workerBusyNanoseconds, "Time spent in loops with packets, by worker."),
    ]
    for (name, counter, help) in shown {
      text.family("tagline_worker_\(name)_total", .counter, help)
      for (worker, counters) in workers.enumerated() {
        text.sample(
          CounterMetric(counter: counter.name), counters[counter.name] ?? 0,
          ["worker": "\(worker)"])
      }
    }
  }

  private func writeCaptures(_ text: inout MetricsText) {
    text.family("tagline_capture_packets_total", .counter, "Packets written to capture files.")
    text.sample(captures.packets)
    text.family(
      "tagline_capture_packets_lost_total", .counter,
      "Packets to be captured for which there was no room, or no time to write them.")
    text.sample(captures.lost)
  }

  private func writeSessions(_ text: inout MetricsText) {
    text.family("tagline_sessions", .gauge, "Sessions now.")
    text.sample(appliance.sessionCount)
    text.family("tagline_sessions_capacity", .gauge, "Sessions that the workers' tables hold.")
    text.sample(appliance.options.sessionsPerWorker * appliance.options.workers)
    let pairs = appliance.pairCounts
    text.family("tagline_labels", .gauge, "Label pairs now, by state.")
    text.sample(["state": "free"], pairs.free)
    text.sample(["state": "embryonic"], pairs.embryonic)
    text.sample(["state": "live"], pairs.live)
    text.sample(["state": "closing"], pairs.closing)
    text.sample(["state": "quarantined"], pairs.quarantined)
    text.family("tagline_labels_capacity", .gauge, "Label pairs that may be given.")
    text.sample(pairs.capacity)
  }
}

extension MetricsText {
  fileprivate mutating func sample(
    _ metric: CounterMetric, _ value: UInt64, _ labels: MetricLabels = .none
  ) {
    if metric.isTime { sample(labels, Double(value) / 1e9) } else { sample(labels, value) }
  }
}
