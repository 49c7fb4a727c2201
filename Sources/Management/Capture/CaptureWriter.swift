import Dataplane
import Glibc
import Pcapng
import Synchronization

/// From a capture's buffers to its file, for a thread of its own: a slow disk, or a FIFO that is not
/// read, holds up nobody else.
///
/// Workers make no system call, so nothing wakes the thread when a packet comes: it looks every
/// millisecond.
final class CaptureWriter: @unchecked Sendable {
  /// How long a reader may take nothing once all is to end.
  static let patience = Duration.milliseconds(500)

  /// Packets are written together up to about so many bytes.
  private static let writeSize = 256 << 10

  private let capture: PacketCapture
  private let file: CaptureFile
  private let interfaces: [PcapngInterface]
  private let limits: CaptureRequest.Limits
  private let began = ContinuousClock.now
  private let startTime: UInt64

  // The manager's wishes.
  private let isStopping = Atomic<Bool>(false)
  private let isQuiet = Atomic<Bool>(false)
  private let isHurried = Atomic<Bool>(false)
  // What the manager sees.
  private let isReadyFlag = Atomic<Bool>(false)
  private let hasEndedFlag = Atomic<Bool>(false)
  private let packetCount = Atomic<Int>(0)
  private let byteCount = Atomic<Int>(0)
  private let unwrittenCount = Atomic<Int>(0)
  private let ending = Mutex<(end: CaptureEnd, after: Duration)?>(nil)

  // The thread's own.
  private var clock: WallClock
  private var blocks = PcapngBlocks()
  private var pending = 0
  private var taken = 0

  /// - Parameter interfaces: by the places that the capture's packets name
  init(
    _ capture: PacketCapture, to file: CaptureFile, interfaces: [PcapngInterface],
    limits: CaptureRequest.Limits
  ) {
    self.capture = capture
    self.file = file
    self.interfaces = interfaces
    self.limits = limits
    let now = CycleCounter.now
    startTime = now.time
    clock = WallClock(cycles: now.cycles, time: now.time, hertz: CycleCounter.hertz)
  }

  // MARK: The manager

  /// Ends the capture soon: to be followed by `finish`.
  func stop() { isStopping.store(true, ordering: .releasing) }

  /// Says that no packet comes any more: what waits is written, and the file completed.
  func finish() { isQuiet.store(true, ordering: .releasing) }

  /// Waits no longer for a FIFO's reader.
  func hurry() { isHurried.store(true, ordering: .releasing) }

  /// Whether packets are wanted now.
  var isReady: Bool { isReadyFlag.load(ordering: .acquiring) }
  /// Whether the file is complete, and the thread done with the capture.
  var hasEnded: Bool { hasEndedFlag.load(ordering: .acquiring) }
  /// Packets and bytes in the file.
  var packets: Int { packetCount.load(ordering: .relaxed) }
  var bytes: Int { byteCount.load(ordering: .relaxed) }
  /// Packets that were captured and did not get into the file, because it could not be written.
  var unwritten: Int { unwrittenCount.load(ordering: .relaxed) }
  /// nil while it runs.
  var end: CaptureEnd? { ending.withLock { $0?.end } }
  /// How long it has run, or did.
  var duration: Duration { ending.withLock { $0?.after } ?? (.now - began) }

  // MARK: The thread

  /// Writes until the end.
  func run() {
    capture.populate()
    var end = write()
    capture.close()
    if let failure = file.close(), end.error == nil {
      end = CaptureEnd(failure, file.path, instead: end.cause)
    }
    ending.withLock { $0 = (end, .now - began) }
    hasEndedFlag.store(true, ordering: .releasing)
  }

  private var isTimeOver: Bool { .now - began >= .seconds(limits.seconds) }

  private func write() -> CaptureEnd {
    do {
      while try !file.isOpen() {
        if isStopping.load(ordering: .acquiring) { return CaptureEnd(.stop) }
        if isTimeOver { return CaptureEnd(.seconds) }
        usleep(10_000)
      }
    } catch {
      return CaptureEnd(.error, error: error.description)
    }
    blocks.reserveCapacity(Self.writeSize + 128 << 10)
    blocks.addSection(application: "Tagline \(Manager.version)")
    for interface in interfaces { blocks.addInterface(interface) }
    isReadyFlag.store(true, ordering: .releasing)
    while true {
      let isOver = isTimeOver
      if isOver { capture.close() }
      let isLast = isOver || isQuiet.load(ordering: .acquiring)
      let now = CycleCounter.now
      clock.synchronize(cycles: now.cycles, time: now.time)
      let (limit, isEmpty) = fill()
      if let end = flush() { return end }
      if let limit { return complete(limit) }
      if isEmpty {
        if isLast { return complete(isOver ? .seconds : .stop) }
        guard file.hasReader else { return CaptureEnd(.reader) }
        usleep(1000)
      }
    }
  }

  /// Takes packets until there are enough for a write, or none, or no more are wanted.
  private func fill() -> (limit: CaptureEnd.Cause?, isEmpty: Bool) {
    let room = limits.bytes - bytes - interfaces.count * PcapngBlocks.statisticsBlockLength
    var limit: CaptureEnd.Cause?
    while blocks.bytes.count < Self.writeSize, limit == nil {
      let wasTaken = capture.takeFirst { packet, data in
        let length = PcapngBlocks.packetBlockLength(captured: data.byteCount)
        guard blocks.bytes.count + length <= room else {
          limit = .bytes
          return false
        }
        blocks.addPacket(
          interface: packet.interface, time: clock.time(at: packet.cycles),
          direction: packet.isOutbound ? .outbound : .inbound, length: packet.length, data: data)
        return true
      }
      guard wasTaken else { return (limit, limit == nil) }
      pending += 1
      taken += 1
      if taken == limits.packets { limit = .packets }
    }
    return (limit, false)
  }

  /// Writes what was filled. A file that cannot be written ends after its last whole packet.
  ///
  /// - Returns: why there is to be no more, if so
  private func flush() -> CaptureEnd? {
    guard !blocks.bytes.isEmpty else { return nil }
    let (count, failure) = file.write(blocks.bytes, isWorthWaiting: isWorthWaiting)
    let whole = blocks.wholeBlocks(within: count)
    packetCount.add(whole.packets, ordering: .relaxed)
    byteCount.add(whole.length, ordering: .relaxed)
    defer {
      blocks.removeAll()
      pending = 0
    }
    guard let failure else { return nil }
    file.truncate(to: bytes)
    capture.close()
    var lost = pending - whole.packets
    while capture.takeFirst({ _, _ in true }) { lost += 1 }
    unwrittenCount.add(lost, ordering: .relaxed)
    return CaptureEnd(
      failure, file.path, instead: isStopping.load(ordering: .acquiring) ? .stop : .seconds)
  }

  private func isWorthWaiting(_ silence: Duration) -> Bool {
    if isHurried.load(ordering: .acquiring) { return false }
    let isEnding = isStopping.load(ordering: .acquiring) || isTimeOver
    return !isEnding || silence < Self.patience
  }

  /// Ends the file with what was seen on each interface.
  private func complete(_ cause: CaptureEnd.Cause) -> CaptureEnd {
    capture.close()
    let now = CycleCounter.now.time
    for interface in interfaces.indices {
      let counts = capture.counts(interface: interface)
      blocks.addStatistics(
        interface: interface,
        PcapngStatistics(
          start: startTime, end: now, received: counts.seen,
          accepted: counts.seen - counts.filtered, lost: counts.lost))
    }
    return flush() ?? CaptureEnd(cause)
  }
}
