import Synchronization

/// Sessions and decisions counted by every worker, readable by all: each counter has one writer,
/// the worker in whose block it lies, and its sum over the blocks is what is meant.
///
/// Readers may see a counter a little late. So W workers that look at once may pass a limit of
/// sessions by W - 1.
@frozen
public struct LoadTable: @unchecked Sendable {
  @usableFromInline let memory: UnsafeMutableRawPointer
  @usableFromInline let workers: Int
  /// Bytes from one worker's block to the next one's.
  @usableFromInline let stride: Int
  @usableFromInline let serverTotals: Int
  @usableFromInline let serverEnded: Int
  @usableFromInline let serviceActive: Int
  @usableFromInline let serviceAdmitted: Int
  @usableFromInline let serviceRefused: Int
  @usableFromInline let answersMade: Int

  /// The bytes that `init` needs, a multiple of 64.
  ///
  /// - Parameters:
  ///   - servers: slots of servers, as many as any snapshot will have
  ///   - services: slots of services
  public static func byteCount(workers: Int, servers: Int, services: Int) -> Int {
    workers * blockSize(servers, services)
  }

  /// - Parameter memory: zeroed, 64-byte aligned, `byteCount` long; shared by all workers
  public init(memory: UnsafeMutableRawPointer, workers: Int, servers: Int, services: Int) {
    self.memory = memory
    self.workers = workers
    stride = Self.blockSize(servers, services)
    serverTotals = Region.round(servers * 4)
    serverEnded = serverTotals + Region.round(servers * 8)
    serviceActive = serverEnded + Region.round(servers * 8)
    serviceAdmitted = serviceActive + Region.round(services * 4)
    serviceRefused = serviceAdmitted + Region.round(services * 8)
    answersMade = serviceRefused + Region.round(services * Self.refusalKinds * 8)
  }

  /// Words of a service's refusals; by the raw value of the verdict.
  private static let refusalKinds = 8

  private static func blockSize(_ servers: Int, _ services: Int) -> Int {
    Region.round(servers * 4) + 2 * Region.round(servers * 8) + Region.round(services * 4)
      + Region.round(services * 8) + Region.round(services * refusalKinds * 8) + 64
  }
}

extension LoadTable {
  /// Counts a session that begins: a load of its server until it closes. Only by its owner, as all
  /// that follows of it.
  @inlinable @inline(__always)
  public func addSession(worker: Int, server: UInt32, service: UInt32) {
    change(word32(worker, 0, server), by: 1)
    change(word64(worker, serverTotals, server))
    change(word32(worker, serviceActive, service), by: 1)
  }

  /// A session closes: from now on it is no load of its server and counts for no limit.
  @inlinable @inline(__always)
  public func closeSession(worker: Int, server: UInt32, service: UInt32) {
    change(word32(worker, 0, server), by: .max)
    change(word32(worker, serviceActive, service), by: .max)
  }

  /// A session that closed goes on after all. It may thereby pass a limit.
  @inlinable @inline(__always)
  public func reopenSession(worker: Int, server: UInt32, service: UInt32) {
    change(word32(worker, 0, server), by: 1)
    change(word32(worker, serviceActive, service), by: 1)
  }

  /// A session that closed is gone: nothing refers to its server any more.
  @inlinable @inline(__always)
  public func endSession(worker: Int, server: UInt32) {
    let word = word64(worker, serverEnded, server)
    word.pointee.store(word.pointee.load(ordering: .relaxed) &+ 1, ordering: .releasing)
  }

  @inlinable @inline(__always)
  public func countAdmitted(worker: Int, service: UInt32) {
    change(word64(worker, serviceAdmitted, service))
  }

  @inlinable @inline(__always)
  public func countRefused(worker: Int, service: UInt32, _ verdict: AdmissionVerdict) {
    change(word64(worker, serviceRefused, service &* 8 &+ UInt32(verdict.rawValue)))
  }

  @inlinable @inline(__always)
  public func countAnswer(worker: Int) { change(word64(worker, answersMade, 0)) }
}

extension LoadTable {
  /// A server's sessions that are not closing, over all workers.
  @inlinable @inline(__always)
  public func serverSessions(_ slot: UInt32) -> UInt32 { sum32(0, slot) }

  /// The sessions that a server was ever given. It goes on counting when another server gets the
  /// slot.
  @inlinable @inline(__always)
  public func serverTotal(_ slot: UInt32) -> UInt64 { sum64(serverTotals, slot) }

  /// A service's sessions that are not closing, over all workers.
  @inlinable @inline(__always)
  public func serviceSessions(_ slot: UInt32) -> UInt32 { sum32(serviceActive, slot) }

  /// Whether every session that a server was ever given has ended. Closing ones, which are no load,
  /// have not. It stays so only once every worker knows that the server takes no new ones.
  public func isUnused(server slot: UInt32) -> Bool {
    (0..<workers).allSatisfy { worker in
      // In this order: never more have ended than have begun.
      let ended = word64(worker, serverEnded, slot).pointee.load(ordering: .acquiring)
      return word64(worker, serverTotals, slot).pointee.load(ordering: .relaxed) == ended
    }
  }

  /// The new sessions of a service that were ever admitted.
  @inlinable @inline(__always)
  public func admitted(_ slot: UInt32) -> UInt64 { sum64(serviceAdmitted, slot) }

  /// The new sessions of a service that were ever refused.
  public func refused(_ slot: UInt32) -> UInt64 {
    AdmissionVerdict.allCases.reduce(0) { $0 &+ refused(slot, $1) }
  }

  /// Those of them that were refused for one reason.
  public func refused(_ slot: UInt32, _ verdict: AdmissionVerdict) -> UInt64 {
    sum64(serviceRefused, slot &* 8 &+ UInt32(verdict.rawValue))
  }

  /// The answers that were ever made.
  @inlinable @inline(__always)
  public var answers: UInt64 { sum64(answersMade, 0) }
}

extension LoadTable {
  @inlinable @inline(__always)
  func word32(_ worker: Int, _ offset: Int, _ slot: UInt32) -> UnsafeMutablePointer<Atomic<UInt32>>
  {
    (memory + (worker &* stride &+ offset)).assumingMemoryBound(to: Atomic<UInt32>.self)
      + Int(truncatingIfNeeded: slot)
  }

  @inlinable @inline(__always)
  func word64(_ worker: Int, _ offset: Int, _ slot: UInt32) -> UnsafeMutablePointer<Atomic<UInt64>>
  {
    (memory + (worker &* stride &+ offset)).assumingMemoryBound(to: Atomic<UInt64>.self)
      + Int(truncatingIfNeeded: slot)
  }

  // One writer a word, so that a load and a store do for an atomic addition.
  @inlinable @inline(__always)
  func change(_ word: UnsafeMutablePointer<Atomic<UInt32>>, by difference: UInt32) {
    word.pointee.store(word.pointee.load(ordering: .relaxed) &+ difference, ordering: .relaxed)
  }

  @inlinable @inline(__always)
  func change(_ word: UnsafeMutablePointer<Atomic<UInt64>>) {
    word.pointee.store(word.pointee.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
  }

  // The usual single worker is spared the loop's preparation.
  @inlinable @inline(__always)
  func sum32(_ offset: Int, _ slot: UInt32) -> UInt32 {
    let first = word32(0, offset, slot).pointee.load(ordering: .relaxed)
    return workers == 1 ? first : first &+ sumOthers32(offset, slot)
  }

  @inline(never)
  @usableFromInline func sumOthers32(_ offset: Int, _ slot: UInt32) -> UInt32 {
    var sum: UInt32 = 0
    var word = memory + (offset &+ Int(truncatingIfNeeded: slot) &* 4)
    var left = workers
    while left > 1 {
      word += stride
      let count = word.assumingMemoryBound(to: Atomic<UInt32>.self)
      sum = sum &+ count.pointee.load(ordering: .relaxed)
      left = left &- 1
    }
    return sum
  }

  @inlinable @inline(__always)
  func sum64(_ offset: Int, _ slot: UInt32) -> UInt64 {
    var sum: UInt64 = 0
    var worker = 0
    while worker < workers {
      sum = sum &+ word64(worker, offset, slot).pointee.load(ordering: .relaxed)
      worker = worker &+ 1
    }
    return sum
  }
}

/// Sizes of the parts of a region of memory.
enum Region {
  /// Up to whole cache lines.
  static func round(_ bytes: Int) -> Int { (bytes + 63) & ~63 }
}
