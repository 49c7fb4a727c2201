import Balancing
import Snapshots
import Testing

/// 1,000 services of 32 servers each, half of them with a port of their own on a shared address.
@Suite struct ManyServicesTests {
  private static let services = 1000
  private static let each = 32

  private func contents() -> SnapshotContents {
    var contents = SnapshotContents()
    let size = MaglevTable.fallbackSize(servers: Self.each)
    for index in 0..<Self.services {
      var service = ServiceRecord()
      service.inUse = true
      service.addressLow = UInt64(index / 2)
      service.protocolNumber = 6
      service.lowPort = UInt16(80 + index % 2)
      service.highPort = service.lowPort
      service.firstServer = UInt32(index * Self.each)
      service.serverCount = UInt32(Self.each)
      service.maglevOffset = UInt32(index * size)
      service.maglevSize = UInt32(size)
      contents.services.append(service)
      var names: [String] = []
      for number in 0..<Self.each {
        var server = ServerRecord()
        server.inUse = true
        server.serviceSlot = UInt32(index)
        server.adjacency = 0
        contents.servers.append(server)
        contents.serverSlots.append(UInt32(index * Self.each + number))
        names.append("service\(index)/server\(number)")
      }
      contents.maglevEntries += MaglevTable.build(
        names: names, weights: Array(repeating: 1, count: Self.each), size: size)
    }
    return contents
  }

  @Test func everyServiceIsFoundAndReachesItsOwnServers() {
    let contents = contents()
    // 3,203 entries each, not 65,537: this is the work of building, and 6.4 MB instead of 131.
    #expect(contents.maglevEntries.count == 3_203_000)
    let snapshot = contents.build()
    defer { snapshot.free(poison: true) }
    // Records of 64 and 32 bytes, slots of 4, entries of 2, and an address's hash slots and ports.
    #expect(snapshot.byteCount < 64_000 + 32 * 36_000 + 6_406_000 + 100_000)
    for index in 0..<Self.services {
      let slot = snapshot.service(
        high: 0, low: UInt64(index / 2), protocolNumber: 6, port: UInt16(80 + index % 2))
      #expect(slot == UInt32(index))
      let server = Scheduler.maglevServer(
        record: snapshot.services + index, snapshot: snapshot, hash: UInt64(index))
      #expect(snapshot.servers[Int(server)].serviceSlot == UInt32(index))
    }
    #expect(snapshot.service(high: 0, low: 500, protocolNumber: 6, port: 80) == noIndex)
    #expect(snapshot.service(high: 0, low: 0, protocolNumber: 6, port: 82) == noIndex)
  }
}
