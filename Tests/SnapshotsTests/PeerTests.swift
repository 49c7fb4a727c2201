import Snapshots
import Testing

/// Who is a peer, by the words that a frame gives.
@Suite struct PeerTests {
  private func with(_ peers: [PeerRecord], _ body: (Snapshot) -> Void) {
    var contents = SnapshotContents()
    contents.peers = peers
    let snapshot = contents.build()
    body(snapshot)
    snapshot.free(poison: true)
  }

  private func peer(_ low: UInt64, mac: UInt64, port: UInt8 = 1) -> PeerRecord {
    PeerRecord(addressHigh: 0, addressLow: low, mac: mac, port: port)
  }

  @Test func nobody() {
    with([]) { snapshot in
      #expect(!snapshot.isPeer(high: 0, low: 0, mac: 0, port: 0))
      #expect(!snapshot.isPeer(high: 0, low: 0, port: 0))
      #expect(!snapshot.isNextHop(mac: 0, port: 0))
    }
  }

  /// Two servers behind a router, which is a peer itself, and one that is not found yet.
  @Test func onlyWithItsOwnNextHopAndPort() {
    let router: UInt64 = 0xfe00_0000_0002
    let all = [peer(7, mac: router), peer(8, mac: router), peer(9, mac: router), peer(10, mac: 0)]
    with(all) { snapshot in
      for low: UInt64 in 7...9 {
        #expect(snapshot.isPeer(high: 0, low: low, mac: router, port: 1))
        #expect(snapshot.isPeer(high: 0, low: low, port: 1))
        #expect(!snapshot.isPeer(high: 0, low: low, mac: router, port: 0))
        #expect(!snapshot.isPeer(high: 0, low: low, port: 0))
        #expect(!snapshot.isPeer(high: 0, low: low, mac: router + 1, port: 1))
        #expect(!snapshot.isPeer(high: 1, low: low, mac: router, port: 1))
      }
      #expect(!snapshot.isPeer(high: 0, low: 6, mac: router, port: 1), "a stranger behind it")
      #expect(snapshot.isNextHop(mac: router, port: 1))
      #expect(!snapshot.isNextHop(mac: router, port: 0))
      #expect(snapshot.isPeer(high: 0, low: 10, port: 1))
      #expect(!snapshot.isPeer(high: 0, low: 10, mac: router, port: 1))
      // No source address, however odd, is an Ethernet address.
      #expect(!snapshot.isPeer(high: .max, low: router, mac: router, port: 1))
    }
  }

  /// As many as there may be servers, most of them of several services; none is lost, nobody added.
  @Test func manyAreFound() {
    func number(_ index: UInt64) -> PeerRecord {
      peer(index << 32 | 0xffff_0000, mac: index + 1)
    }
    let all = (0..<UInt64(65_504)).map { number($0 / 2) }
    with(all) { snapshot in
      func isKnown(_ peer: PeerRecord) -> Bool {
        snapshot.isPeer(high: 0, low: peer.addressLow, mac: peer.mac, port: 1)
      }
      #expect(all.allSatisfy { isKnown($0) && snapshot.isNextHop(mac: $0.mac, port: 1) })
      let strangers = (UInt64(32_752)..<65_536).map(number)
      #expect(strangers.allSatisfy { !isKnown($0) && !snapshot.isNextHop(mac: $0.mac, port: 1) })
    }
  }
}
