import Synchronization
import TestSupport
import Testing

@testable import Labels

private final class Flag: Sendable {
  let isSet = Atomic<Bool>(false)
}

@Suite struct ConcurrencyTests {
  private static func entry(_ number: UInt32, _ state: LabelState) -> LabelEntry {
    LabelEntry(
      state: state, pop: number & 1 == 0, port: UInt8(number & 31), adjacency: number,
      guardAddresses: UInt16(truncatingIfNeeded: number &* 40_503),
      guardPorts: UInt16(truncatingIfNeeded: number &* 25_969))
  }

  /// One thread leads pairs through their lives while another reads: each word read is one that was
  /// written whole, and a pair's generation of sessions never goes back.
  @Test func everyWordReadWasWritten() async {
    let pairs: UInt32 = 4
    let memory = Memory(LabelSwitchTable.byteCount(pairCount: pairs))
    let table = LabelSwitchTable(memory: memory.base, firstPair: 8, pairCount: pairs)
    let done = Flag()

    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        let ownMemory = Memory(LabelManager.byteCount(pairCount: pairs))
        var manager = LabelManager(
          memory: ownMemory.base, table: table, pairs: 8..<8 + pairs, startAt: 8,
          embryonicShare: 100)
        var number: UInt32 = 1
        var rounds = 0
        while !done.isSet.load(ordering: .relaxed) {
          while case .pair(let pair) = manager.take(now: 0) {
            let entry = Self.entry(number & 0xff_ffff, .none)
            manager.publish(pair, c2s: entry, s2c: entry)
            number &+= 1
          }
          // A pause in each state in turn, so that one CPU shows them all too.
          if rounds % 64 == 0 { await Task.yield() }
          for pair in UInt32(8)..<8 + pairs { manager.promote(pair) }
          if rounds % 64 == 16 { await Task.yield() }
          for pair in UInt32(8)..<8 + pairs { manager.close(pair) }
          if rounds % 64 == 32 { await Task.yield() }
          for pair in UInt32(8)..<8 + pairs { manager.withdraw(pair, now: 0) }
          if rounds % 64 == 48 { await Task.yield() }
          manager.completeBatch(manager.sealBatch())
          manager.release(now: 0, quarantine: 0, limit: 100)
          rounds += 1
        }
      }
      group.addTask {
        var seen = Set<LabelState>()
        var latest = [UInt32](repeating: 0, count: Int(pairs) * 2)
        var loads = 0
        var faults = 0
        // Every state was met, many times over.
        while loads < 400_000 || (seen.count < 4 && loads < 40_000_000) {
          for label in UInt32(17)..<17 + 2 * pairs {
            let entry = table.load(label: label)
            seen.insert(entry.state)
            loads += 1
            if entry.rawValue == 0 { continue }
            if entry != Self.entry(entry.adjacency, entry.state) || entry.state == .none {
              faults += 1
            }
            if entry.adjacency < latest[Int(label - 17)] { faults += 1 }
            latest[Int(label - 17)] = entry.adjacency
          }
          if loads % 1024 == 0 { await Task.yield() }
        }
        done.isSet.store(true, ordering: .relaxed)
        #expect(faults == 0)
        #expect(seen.count == 4)
      }
    }
  }
}
