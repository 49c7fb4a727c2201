import TestSupport
import Testing

@testable import Labels

@Suite struct SessionLabelTests {
  @Test(
    arguments: [
      (17, 8, true), (18, 8, false), (19, 9, true), (20, 9, false),
      (1_048_573, 524_286, true), (1_048_574, 524_286, false),
    ] as [(UInt32, UInt32, Bool)])
  func labelAndPair(label: UInt32, pair: UInt32, isC2S: Bool) {
    #expect(SessionLabel.isSessionLabel(label))
    #expect(SessionLabel.pairIndex(of: label) == pair)
    #expect(SessionLabel.isC2S(label) == isC2S)
    #expect((isC2S ? SessionLabel.c2s(pair) : SessionLabel.s2c(pair)) == label)
  }

  @Test(arguments: [0, 1, 2, 3, 15, 16, 1_048_575, 1_048_576, .max] as [UInt32])
  func noSessionLabel(label: UInt32) {
    #expect(!SessionLabel.isSessionLabel(label))
  }

  @Test func oneSpaceHolds524279Pairs() {
    let first = SessionLabel.pairIndex(of: SessionLabel.first)
    let last = SessionLabel.pairIndex(of: SessionLabel.last)
    #expect(last - first + 1 == 524_279)
  }
}

@Suite struct LabelEntryTests {
  @Test func bits() {
    // 2 (live) | pop << 2 | 5 << 3 = 0x2e, then adjacency, then the guards.
    let entry = LabelEntry(
      state: .live, pop: true, port: 5, adjacency: 0x01_2345, guardAddresses: 0xbeef,
      guardPorts: 0xcafe)
    #expect(entry.rawValue == 0xcafe_beef_0123_452e)
    #expect(entry.with(state: .none).rawValue == 0xcafe_beef_0123_452c)
    #expect(entry.with(state: .closing).rawValue == 0xcafe_beef_0123_452f)
    let full = LabelEntry(rawValue: .max)
    #expect(full.state == .closing && full.pop && full.port == 31)
    #expect(full.adjacency == 0xff_ffff)
    #expect(full.guardAddresses == 0xffff && full.guardPorts == 0xffff)
  }

  @Test func roundTrip() throws {
    var random = SplitMix(state: 1)
    for _ in 0..<20_000 {
      let state = LabelState.allCases[Int(random.below(4))]
      let pop = random.below(2) == 1
      let port = UInt8(random.below(32))
      let adjacency = random.below(1 << 24)
      let addresses = UInt16(random.below(65_536))
      let ports = UInt16(random.below(65_536))
      let entry = LabelEntry(
        state: state, pop: pop, port: port, adjacency: adjacency, guardAddresses: addresses,
        guardPorts: ports)
      try #require(
        entry.state == state && entry.pop == pop && entry.port == port
          && entry.adjacency == adjacency && entry.guardAddresses == addresses
          && entry.guardPorts == ports)
    }
  }

  @Test func switchedStates() {
    #expect(LabelState.allCases.filter(\.isSwitched) == [.live, .closing])
  }
}
