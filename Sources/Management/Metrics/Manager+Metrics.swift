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
    let counters = counters
    for (counter, value) in counters where CounterMetric.Family(of: counter) == nil {
      guard let metric = CounterMetric(counter: counter) else { continue }
      text.family(metric.name, .counter, metric.help)
      text.sample(.none, value, isTime: metric.isTime)
    }
    for family in CounterMetric.Family.allCases {
      text.family(family.name, .counter, family.help)
      for (counter, value) in counters where CounterMetric.Family(of: counter) == family {
        text.sample(["reason": family.reason(of: counter)], value)
      }
    }
  }

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
        let labels: MetricLabels = ["worker": "\(worker)"]
        text.sample(labels, counters[counter.name] ?? 0, isTime: counter == .workerBusyNanoseconds)
      }
    }
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
  /// - Parameter isTime: nanoseconds, offered as seconds
  fileprivate mutating func sample(_ labels: MetricLabels, _ value: UInt64, isTime: Bool) {
    if isTime { sample(labels, Double(value) / 1e9) } else { sample(labels, value) }
  }
}
