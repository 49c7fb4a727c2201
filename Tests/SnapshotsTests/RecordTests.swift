import Snapshots
import Testing

@Suite struct RecordTests {
  @Test func aServerTakesSessionsInOneStateOnly() {
    for state in ServerState.allCases {
      for health in ServerHealth.allCases {
        for weight in [0, 1] as [UInt32] {
          for inUse in [false, true] {
            var server = ServerRecord()
            server.state = state
            server.health = health
            server.weight = weight
            server.inUse = inUse
            let expected = inUse && weight == 1 && state == .ready && health != .down
            #expect(server.takesNewSessions == expected)
          }
        }
      }
    }
  }

  /// 02:00:00:00:00:fe behind a port 02:00:00:00:00:01, as the bytes go out. `MACAddress.word` has the
  /// first byte lowest.
  @Test func anAdjacencyHoldsTheBytesBeforeTheEthertype() {
    var port = PortRecord()
    port.mac = 0x0100_0000_0002
    port.mtu = 1504
    let adjacency = Adjacency(destination: 0xfe00_0000_0002, port: 3, egress: port)
    #expect(bytes(adjacency) == [2, 0, 0, 0, 0, 0xfe, 2, 0, 0, 0, 0, 1])
    #expect(adjacency.port == 3)
    #expect(adjacency.mtu == 1504)
    #expect(adjacency.destination == 0xfe00_0000_0002)
  }

  @Test func anAdjacencyHoldsThePortsTag() {
    var port = PortRecord()
    port.mac = 0x0605_0403_0201
    port.vlan = 0x0abc
    let adjacency = Adjacency(destination: 0x1615_1413_1211, port: 0, egress: port)
    #expect(
      bytes(adjacency) == [
        0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 1, 2, 3, 4, 5, 6, 0x81, 0x00, 0x0a, 0xbc,
      ])
    #expect(adjacency.destination == 0x1615_1413_1211)
  }

  private func bytes(_ adjacency: Adjacency) -> [UInt8] {
    let words = [adjacency.header0, adjacency.header1]
    return words.withUnsafeBytes { Array($0.prefix(Int(adjacency.length))) }
  }

  /// 2^24 ns a tick; rounded up.
  @Test func ticksAreNeverShort() {
    #expect(Settings.ticks(nanoseconds: 0) == 0)
    #expect(Settings.ticks(nanoseconds: 1) == 1)
    #expect(Settings.ticks(nanoseconds: 16_777_216) == 1)
    #expect(Settings.ticks(nanoseconds: 16_777_217) == 2)
    // 1 s / 16.777216 ms = 59.6
    #expect(Settings.ticks(nanoseconds: 1_000_000_000) == 60)
    #expect(Settings.ticks(nanoseconds: 1 << 60) == .max)
  }

  @Test func sidesFaceWhomTheySay() {
    #expect(PortSide.allCases.map(\.facesClients) == [true, false, true])
    #expect(PortSide.allCases.map(\.facesServers) == [false, true, true])
  }
}
