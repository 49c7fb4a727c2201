import TestSupport
import Testing
import Wire

@testable import Labels

/// What the label manager should do, in the plainest way.
private struct Model {
  struct Pair {
    var state = PairState.free
    var generation: UInt32 = 0
    var session = UInt32.max
    var givenAt: UInt32 = 0
    var withdrawnAt: UInt32 = 0
    var batch = 0
    var published: (c2s: LabelEntry, s2c: LabelEntry)?
  }

  let first: UInt32
  var pairs: [Pair]
  var free: [UInt32]
  var quarantine: [UInt32] = []
  var sealed = 0
  var completed = 0

  func count(_ state: PairState) -> UInt32 {
    var count: UInt32 = 0
    for pair in pairs where pair.state == state { count += 1 }
    return count
  }

  func isGiven(_ pair: UInt32) -> Bool {
    guard pair >= first, pair < first + UInt32(pairs.count) else { return false }
    switch self[pair].state {
    case .free, .quarantined: return false
    case .embryonic, .live, .closing: return true
    }
  }

  subscript(pair: UInt32) -> Pair {
    get { pairs[Int(pair - first)] }
    set { pairs[Int(pair - first)] = newValue }
  }
}

private struct Contradiction: Error, CustomStringConvertible {
  let description: String
}

private func require(_ condition: Bool, _ what: @autoclosure () -> String) throws {
  if !condition { throw Contradiction(description: what()) }
}

@Suite struct LabelManagerModelTests {
  /// A million operations in all: no pair given twice, none lost, each in the order, at the time and
  /// in the batch that the rules say; no late label finds another session's entry.
  @Test(
    arguments: [
      (1, 100, 5), (7, 25, 11), (64, 50, 100), (257, 90, 400),
    ] as [(UInt32, UInt32, UInt32)])
  func againstAModel(count: UInt32, firstShare: UInt32, quarantine: UInt32) throws {
    var random = SplitMix(state: UInt64(count))
    let first: UInt32 = 20
    let start = first + random.below(count)
    let tableMemory = Memory(LabelSwitchTable.byteCount(pairCount: 300))
    let table = LabelSwitchTable(memory: tableMemory.base, firstPair: 8, pairCount: 300)
    let memory = Memory(LabelManager.byteCount(pairCount: count))
    var manager = LabelManager(
      memory: memory.base, table: table, pairs: first..<first + count, startAt: start,
      embryonicShare: firstShare)
    var model = Model(
      first: first, pairs: Array(repeating: .init(), count: Int(count)),
      free: Array(start..<first + count) + Array(first..<start))
    var share = firstShare
    let key = LabelGuard(secret: 9)
    var sessions: UInt32 = 0
    // Late labels: what the packets of ended sessions still say.
    var ended: [(pair: UInt32, generation: UInt32, guardPorts: UInt16, guardAddresses: UInt16)] = []
    var now = UInt32.max - 40_000
    var given = 0
    var sealedBatches: [UInt32] = []

    for step in 0..<250_000 {
      // Now and then a pair of another worker, or of nobody.
      let pair = random.below(50) == 0 ? random.below(400) : first + random.below(count)
      switch random.below(100) {
      case 0..<22:
        let embryonic = manager.embryonic
        let limit = max(1, count * share / 100)
        let grant = manager.take(now: now)
        if model.free.isEmpty {
          try require(grant == .exhausted, "step \(step): \(grant), none is free")
        } else if embryonic >= limit {
          try require(grant == .embryonicFull, "step \(step): \(grant), the share is used up")
        } else {
          let expected = model.free.removeFirst()
          try require(grant == .pair(expected), "step \(step): \(grant), not \(expected)")
          try require(model[expected].state == .free, "step \(step): given twice")
          model[expected].state = .embryonic
          model[expected].givenAt = now
          model[expected].session = .max
          given += 1
        }
      case 22..<40:
        sessions += 1
        let addresses = key.addresses(
          sourceIPv4: sessions, destinationIPv4: 1, protocolNumber: 6)
        let ports = key.ports(source: UInt16(truncatingIfNeeded: sessions), destination: 80)
        let c2s = LabelEntry(
          state: .live, pop: false, port: 1, adjacency: sessions & 0xff_ffff,
          guardAddresses: addresses, guardPorts: ports)
        let s2c = LabelEntry(
          state: .none, pop: true, port: 2, adjacency: sessions & 0xff_ffff,
          guardAddresses: addresses, guardPorts: ports)
        // A pair is one session's for its whole life.
        if model.isGiven(pair), model[pair].published != nil { break }
        let done = manager.publish(pair, c2s: c2s, s2c: s2c)
        try require(done == model.isGiven(pair), "step \(step): publish")
        if done {
          model[pair].published = (c2s, s2c)
          try require(manager.setSession(pair, sessions), "step \(step): setSession")
          model[pair].session = sessions
        }
      case 40..<52:
        let may = model.isGiven(pair) && model[pair].state == .embryonic
        try require(manager.promote(pair) == may, "step \(step): promote")
        if may { model[pair].state = .live }
      case 52..<60:
        let may = model.isGiven(pair) && model[pair].state != .closing
        try require(manager.close(pair) == may, "step \(step): close")
        if may { model[pair].state = .closing }
      case 60..<64:
        let may = model.isGiven(pair) && model[pair].state == .closing
        try require(manager.reopen(pair) == may, "step \(step): reopen")
        if may { model[pair].state = .live }
      case 64..<80:
        let may = model.isGiven(pair)
        if may, let published = model[pair].published {
          ended.append(
            (
              pair, model[pair].generation, published.c2s.guardPorts,
              published.c2s.guardAddresses
            ))
          if ended.count > 200 { ended.removeFirst() }
        }
        try require(manager.withdraw(pair, now: now) == may, "step \(step): withdraw")
        if may {
          model[pair].state = .quarantined
          model[pair].generation += 1
          model[pair].session = .max
          model[pair].withdrawnAt = now
          model[pair].batch = model.sealed + 1
          model[pair].published = nil
          model.quarantine.append(pair)
        }
      case 80..<84:
        let unsealed = model.quarantine.contains { model[$0].batch > model.sealed }
        // Pairs that were freed meanwhile are of completed batches, so none of them is unsealed.
        try require(manager.hasUnsealed == unsealed, "step \(step): hasUnsealed")
        sealedBatches.append(manager.sealBatch())
        model.sealed += 1
        try require(!manager.hasUnsealed, "step \(step): still unsealed")
      case 84..<88:
        guard model.sealed > model.completed else { break }
        let batch = model.completed + 1 + Int(random.below(UInt32(model.sealed - model.completed)))
        try require(manager.completeBatch(sealedBatches[batch - 1]), "step \(step): complete")
        model.completed = batch
      case 88..<96:
        let limit = Int(random.below(8))
        var expected = 0
        while expected < limit, let head = model.quarantine.first,
          now &- model[head].withdrawnAt >= quarantine, model[head].batch <= model.completed
        {
          model.quarantine.removeFirst()
          model[head].state = .free
          model.free.append(head)
          expected += 1
        }
        let released = manager.release(now: now, quarantine: quarantine, limit: limit)
        try require(released == expected, "step \(step): \(released) released, not \(expected)")
      case 96:
        share = random.below(101)
        manager.embryonicShare = share
      default:
        now &+= random.below(6)
      }

      try require(
        manager.free == UInt32(model.free.count)
          && manager.quarantined == UInt32(model.quarantine.count)
          && manager.free + manager.embryonic + manager.live + manager.closing
            + manager.quarantined == count,
        "step \(step): counts")
      if step % (count < 16 ? 10 : 200) == 0 {
        try compare(manager, model, table, step)
        for late in ended {
          let entry = table.load(label: SessionLabel.c2s(late.pair))
          try require(manager.generation(of: late.pair) > late.generation, "step \(step): late")
          try require(
            entry.state == .none || entry.guardPorts != late.guardPorts
              || entry.guardAddresses != late.guardAddresses,
            "step \(step): a late label fits another session")
        }
      }
    }
    try compare(manager, model, table, 250_000)
    // The test is worth something only if pairs went round many times.
    #expect(given > Int(count) * 3)
  }

  private func compare(
    _ manager: LabelManager, _ model: Model, _ table: LabelSwitchTable, _ step: Int
  ) throws {
    let counts = [
      manager.free, manager.embryonic, manager.live, manager.closing, manager.quarantined,
    ]
    try require(
      counts == PairState.allCases.map { model.count($0) }, "step \(step): \(counts)")
    for offset in model.pairs.indices {
      let pair = model.first + UInt32(offset)
      let expected = model.pairs[offset]
      try require(manager.state(of: pair) == expected.state, "step \(step): state of \(pair)")
      try require(
        manager.generation(of: pair) == expected.generation, "step \(step): generation of \(pair)")
      try require(
        manager.session(of: pair) == expected.session, "step \(step): session of \(pair)")
      if model.isGiven(pair) {
        try require(
          manager.givenAt(of: pair) == expected.givenAt, "step \(step): giving of \(pair)")
      }
      let state = expected.state.labelState
      let c2s = table.load(label: SessionLabel.c2s(pair))
      let s2c = table.load(label: SessionLabel.s2c(pair))
      let none = LabelEntry(rawValue: 0)
      try require(
        c2s == (expected.published?.c2s.with(state: state) ?? none)
          && s2c == (expected.published?.s2c.with(state: state) ?? none),
        "step \(step): words of \(pair)")
    }
    // No other worker's word was touched.
    guard step % 1000 == 0 else { return }
    for pair in UInt32(8)..<308 where !manager.pairs.contains(pair) {
      try require(
        table.load(label: SessionLabel.c2s(pair)).rawValue == 0
          && table.load(label: SessionLabel.s2c(pair)).rawValue == 0,
        "step \(step): a word of pair \(pair)")
    }
  }
}
