import CDPDKShim
import Wire

extension Worker {
  /// Gives a frame, unchanged, to the worker that has to decide on it.
  @inline(never)
  mutating func handOver(_ frame: Frame, to worker: Int, _ note: HandoverNote) {
    var note = note
    if frame.isUnknownLabel {
      note.isUnknownLabel = true
      // It will be met as unknown there again, and is to be counted once.
      counters[Counter.labelUnknown.rawValue] &-= 1
    }
    shim_mbuf_set_note(frame.mbuf, note.word)
    shim_mbuf_set_port(frame.mbuf, UInt16(truncatingIfNeeded: frame.port))
    handovers[worker].append(frame.mbuf)
    if handovers[worker].count == Self.burstSize { flushHandover(worker) }
  }

  @inline(__always)
  mutating func flushHandovers() {
    guard shared.workers > 1 else { return }
    var worker = 0
    while worker < shared.workers {
      if handovers[worker].count > 0 { flushHandover(worker) }
      worker &+= 1
    }
  }

  @inline(never)
  mutating func flushHandover(_ worker: Int) {
    let list = handovers + worker
    let count = list.pointee.count
    list.pointee.removeAll()
    let taken = Int(
      shim_ring_enqueue(
        shared.rings[index &* shared.workers &+ worker].unsafelyUnwrapped, list.pointee.packets,
        UInt32(truncatingIfNeeded: count)))
    counters[Counter.handoverPackets.rawValue] &+= UInt64(truncatingIfNeeded: taken)
    var place = taken
    while place < count {
      drop(list.pointee.packets[place].unsafelyUnwrapped, .handoverFull)
      place &+= 1
    }
  }

  /// Takes what other workers handed over, at most a burst from each.
  @inline(__always)
  mutating func takeHandovers() -> Int {
    guard shared.workers > 1 else { return 0 }
    var received = 0
    var worker = 0
    while worker < shared.workers {
      if worker != index { received &+= takeHandovers(from: worker) }
      worker &+= 1
    }
    return received
  }

  @inline(never)
  mutating func takeHandovers(from worker: Int) -> Int {
    let count = Int(
      shim_ring_dequeue(
        shared.rings[worker &* shared.workers &+ index].unsafelyUnwrapped, burst,
        UInt32(truncatingIfNeeded: Self.burstSize)))
    var place = 0
    while place < count {
      shim_prefetch(shim_mbuf_data(burst[place].unsafelyUnwrapped))
      place &+= 1
    }
    place = 0
    while place < count {
      let mbuf = burst[place].unsafelyUnwrapped
      let note = HandoverNote(word: shim_mbuf_note(mbuf))
      let port = Int(shim_mbuf_port(mbuf))
      if note.isKind(.transmit) {
        send(mbuf, port: port)
      } else if note.isKind(.probe) {
        meetProbe(mbuf)
      } else if trace.pointee.isActive {
        traceOne(mbuf, port: port, note: note, isHandedOver: true)
      } else {
        inspect(mbuf, port: port, note: note)
      }
      place &+= 1
    }
    return count
  }
}
