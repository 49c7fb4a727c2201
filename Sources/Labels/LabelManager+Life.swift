/// The steps of a pair's life.
extension LabelManager {
  /// Gives the pair that has been free longest, embryonic. Its table words stay 0 until `publish`.
  ///
  /// The free pair is asked for first, then the embryonic share.
  ///
  /// - Parameter pastShare: for a session of which both directions were seen: the share is not asked
  @inlinable @inline(__always)
  public mutating func take(now: UInt32, pastShare: Bool = false) -> LabelGrant {
    let offset = freeQueue.head
    guard offset != .max else { return .exhausted }
    guard pastShare || counts.embryonic < embryonicLimit else { return .embryonicFull }
    let record = records + Int(truncatingIfNeeded: offset)
    unlinkHead(&freeQueue, record)
    record.pointee.state = .embryonic
    record.pointee.labelState = .embryonic
    record.pointee.tick = now
    record.pointee.session = .max
    counts.free &-= 1
    counts.embryonic &+= 1
    return .pair(firstPair &+ offset)
  }

  /// Writes the pair's two table words, as the pair is now whatever the entries' states say.
  ///
  /// - Returns: false if the pair is not given
  @inlinable @inline(__always) @discardableResult
  public mutating func publish(_ pair: UInt32, c2s: LabelEntry, s2c: LabelEntry) -> Bool {
    guard let record = given(pair) else { return false }
    let state = record.pointee.labelState
    table.store(label: SessionLabel.c2s(pair), entry: c2s.with(state: state))
    table.store(label: SessionLabel.s2c(pair), entry: s2c.with(state: state))
    return true
  }

  /// Embryonic to live.
  ///
  /// - Parameter isAnalysed: with words that have every packet analysed all the same, until
  ///   `startSwitching`
  @inlinable @discardableResult
  public mutating func promote(_ pair: UInt32, isAnalysed: Bool = false) -> Bool {
    guard let record = given(pair), record.pointee.state == .embryonic else { return false }
    counts.embryonic &-= 1
    counts.live &+= 1
    enter(.live, pair, record, isAnalysed: isAnalysed)
    return true
  }

  /// Lets a live pair be switched that was promoted to be analysed.
  @inlinable @discardableResult
  public mutating func startSwitching(_ pair: UInt32) -> Bool {
    guard let record = given(pair), record.pointee.state == .live else { return false }
    enter(.live, pair, record)
    return true
  }

  /// Embryonic or live to closing.
  @inlinable @discardableResult
  public mutating func close(_ pair: UInt32) -> Bool {
    guard let record = given(pair), record.pointee.state != .closing else { return false }
    uncount(record.pointee.state)
    counts.closing &+= 1
    enter(.closing, pair, record)
    return true
  }

  /// To closing, but with words that have every packet analysed, as an embryonic pair's are.
  @inlinable @discardableResult
  public mutating func suspend(_ pair: UInt32) -> Bool {
    guard let record = given(pair) else { return false }
    uncount(record.pointee.state)
    counts.closing &+= 1
    enter(.closing, pair, record, isAnalysed: true)
    return true
  }

  /// Closing back to live.
  @inlinable @discardableResult
  public mutating func reopen(_ pair: UInt32) -> Bool {
    guard let record = given(pair), record.pointee.state == .closing else { return false }
    counts.closing &-= 1
    counts.live &+= 1
    enter(.live, pair, record)
    return true
  }

  /// Takes a given pair back: its words become 0, its generation is counted, and it rests in
  /// quarantine.
  @inlinable @inline(__always) @discardableResult
  public mutating func withdraw(_ pair: UInt32, now: UInt32) -> Bool {
    guard let record = given(pair) else { return false }
    uncount(record.pointee.state)
    counts.quarantined &+= 1
    table.store(label: SessionLabel.c2s(pair), entry: LabelEntry(rawValue: 0))
    table.store(label: SessionLabel.s2c(pair), entry: LabelEntry(rawValue: 0))
    record.pointee.state = .quarantined
    record.pointee.generation &+= 1
    record.pointee.session = .max
    record.pointee.tick = now
    record.pointee.batch = openBatch
    unsealed = true
    append(pair &- firstPair, &quarantineQueue, record)
    return true
  }

  /// The record of a pair that is given; nil for pairs that are free, quarantined or another's.
  @inlinable @inline(__always)
  func given(_ pair: UInt32) -> UnsafeMutablePointer<PairRecord>? {
    let offset = pair &- firstPair
    guard offset < pairCount else { return nil }
    let record = records + Int(truncatingIfNeeded: offset)
    switch record.pointee.state {
    case .free, .quarantined: return nil
    case .embryonic, .live, .closing: return record
    }
  }

  @inlinable @inline(__always)
  mutating func uncount(_ state: PairState) {
    switch state {
    case .embryonic: counts.embryonic &-= 1
    case .live: counts.live &-= 1
    case .closing: counts.closing &-= 1
    case .free, .quarantined: break
    }
  }

  @inlinable @inline(__always)
  func enter(
    _ state: PairState, _ pair: UInt32, _ record: UnsafeMutablePointer<PairRecord>,
    isAnalysed: Bool = false
  ) {
    record.pointee.state = state
    let labelState = isAnalysed ? .embryonic : state.labelState
    record.pointee.labelState = labelState
    rewrite(SessionLabel.c2s(pair), labelState)
    rewrite(SessionLabel.s2c(pair), labelState)
  }

  @inlinable @inline(__always)
  func rewrite(_ label: UInt32, _ state: LabelState) {
    let entry = table.load(label: label)
    // A pair that is not published yet stays unknown to the switch.
    guard entry.state != .none else { return }
    table.store(label: label, entry: entry.with(state: state))
  }

  @inlinable @inline(__always)
  func unlinkHead(_ queue: inout Queue, _ record: UnsafeMutablePointer<PairRecord>) {
    queue.head = record.pointee.next
    if queue.head == .max { queue.tail = .max }
    record.pointee.next = .max
  }

  @inlinable @inline(__always)
  func append(
    _ offset: UInt32, _ queue: inout Queue, _ record: UnsafeMutablePointer<PairRecord>
  ) {
    record.pointee.next = .max
    if queue.tail == .max {
      queue.head = offset
    } else {
      (records + Int(truncatingIfNeeded: queue.tail)).pointee.next = offset
    }
    queue.tail = offset
  }
}
