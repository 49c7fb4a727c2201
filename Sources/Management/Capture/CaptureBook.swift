/// The captures of a process: the one that runs or ran last, and before it those that are not given
/// back yet.
struct CaptureBook {
  private var runs: [CaptureRun] = []
  /// Of those that are forgotten.
  private var past: (packets: UInt64, lost: UInt64) = (0, 0)
  private var isEndReported = true

  /// The one that runs, or the last one.
  var current: CaptureRun? { runs.last }

  /// Packets that got into files since the start of the process, and those that did not for lack of
  /// room or time.
  var packets: UInt64 { runs.reduce(past.packets) { $0 + $1.packets } }
  var lost: UInt64 { runs.reduce(past.lost) { $0 + $1.lost } }

  /// Notes a new one; the one before it must have ended.
  mutating func add(_ run: CaptureRun) {
    runs.append(run)
    isEndReported = false
  }

  /// Does what is due; to be called now and then.
  ///
  /// - Returns: the capture that has ended since the last call
  mutating func advance() -> CaptureRun? {
    for run in runs { run.advance() }
    while runs.count > 1, runs[0].isOver {
      past.packets += runs[0].packets
      past.lost += runs[0].lost
      runs.removeFirst()
    }
    guard !isEndReported, let current, current.hasEnded else { return nil }
    isEndReported = true
    return current
  }

  /// Completes all files, once the workers have ended.
  func endWithWorkers() {
    for run in runs { run.endWithWorkers() }
  }
}
