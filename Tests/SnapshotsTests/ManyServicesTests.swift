import Snapshots
import Testing

/// 1,000 services of 32 servers: what is built grows with the services, not with their pairs.
@Suite struct ManyServicesTests {
  private func service(_ index: Int, address: UInt64, _ ports: ClosedRange<UInt16>)
    -> ServiceRecord
  {
    var service = ServiceRecord()
    service.inUse = true
    service.addressHigh = 0x20_01_0d_b8
    service.addressLow = address
    service.protocolNumber = 6
    service.lowPort = ports.lowerBound
    service.highPort = ports.upperBound
    service.firstServer = UInt32(index * 32)
    service.serverCount = 32
    return service
  }

  private func build(_ services: [ServiceRecord]) -> Snapshot {
    var contents = SnapshotContents()
    contents.services = services
    for index in 0..<services.count * 32 {
      var server = ServerRecord()
      server.inUse = true
      server.serviceSlot = UInt32(index / 32)
      contents.servers.append(server)
      contents.serverSlots.append(UInt32(index))
    }
    return contents.build()
  }

  @Test func onAnAddressEach() {
    let snapshot = build((0..<1000).map { service($0, address: UInt64($0) << 24, 443...443) })
    defer { snapshot.free(poison: true) }
    for index in 0..<1000 {
      let low = UInt64(index) << 24
      #expect(
        snapshot.service(high: 0x20_01_0d_b8, low: low, protocolNumber: 6, port: 443)
          == UInt32(index))
      #expect(
        snapshot.service(high: 0x20_01_0d_b8, low: low | 1, protocolNumber: 6, port: 443)
          == noIndex)
      let slots = snapshot.slots(of: snapshot.services + index)
      for number in 0..<32 {
        #expect(snapshot.servers[Int(slots[number])].serviceSlot == UInt32(index))
      }
    }
  }

  @Test func onOneAddressWithinAny() {
    var services = (0..<999).map { index -> ServiceRecord in
      let port = UInt16(1000 + 10 * index)
      return service(index, address: 1, port...port + 3)
    }
    services.append(service(999, address: 1, 0...65_535))
    let snapshot = build(services)
    defer { snapshot.free(poison: true) }
    for port in 0..<12_000 as Range<UInt16> {
      let index = (Int(port) - 1000) / 10
      let within = port >= 1000 && index < 999 && (port - 1000) % 10 < 4
      #expect(
        snapshot.service(high: 0x20_01_0d_b8, low: 1, protocolNumber: 6, port: port)
          == UInt32(within ? index : 999))
    }
  }
}
