import Snapshots
import Testing

@Suite struct LookupTests {
  static let tcp: UInt8 = 6
  static let udp: UInt8 = 17

  private func service(
    _ low: UInt16, _ high: UInt16, address: (UInt64, UInt64) = (1, 2), protocolNumber: UInt8 = tcp
  ) -> ServiceRecord {
    var record = ServiceRecord()
    record.inUse = true
    record.addressHigh = address.0
    record.addressLow = address.1
    record.protocolNumber = protocolNumber
    record.lowPort = low
    record.highPort = high
    return record
  }

  /// Builds a snapshot of services, asks it, and frees it.
  private func with(_ services: [ServiceRecord], _ body: (Snapshot) -> Void) {
    var contents = SnapshotContents()
    contents.services = services
    let snapshot = contents.build()
    body(snapshot)
    snapshot.free(poison: true)
  }

  private func find(
    _ snapshot: Snapshot, _ port: UInt16, address: (UInt64, UInt64) = (1, 2),
    protocolNumber: UInt8 = tcp
  ) -> UInt32 {
    snapshot.service(
      high: address.0, low: address.1, protocolNumber: protocolNumber, port: port)
  }

  @Test func aPort() {
    with([service(80, 80)]) { snapshot in
      #expect(find(snapshot, 80) == 0)
      for port: UInt16 in [0, 79, 81, 8080, 65_535] { #expect(find(snapshot, port) == noIndex) }
    }
  }

  @Test func aRange() {
    with([service(8000, 8099)]) { snapshot in
      for port: UInt16 in [8000, 8001, 8050, 8099] { #expect(find(snapshot, port) == 0) }
      for port: UInt16 in [0, 7999, 8100, 65_535] { #expect(find(snapshot, port) == noIndex) }
    }
  }

  @Test func anyPort() {
    with([service(0, 65_535)]) { snapshot in
      for port: UInt16 in [0, 1, 80, 65_534, 65_535] { #expect(find(snapshot, port) == 0) }
    }
  }

  @Test func theEndsOfThePortSpace() {
    with([service(65_535, 65_535), service(0, 0)]) { snapshot in
      #expect(find(snapshot, 65_535) == 0)
      #expect(find(snapshot, 0) == 1)
      #expect(find(snapshot, 1) == noIndex)
      #expect(find(snapshot, 65_534) == noIndex)
    }
  }

  /// A port within a range within any: the narrowest has it, in whatever order they are configured.
  @Test(arguments: [
    [0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0],
  ])
  func theNarrowestHasThePort(_ order: [Int]) {
    let services = [service(0, 65_535), service(8000, 8099), service(8050, 8050)]
    with(order.map { services[$0] }) { snapshot in
      func holder(_ port: UInt16) -> Int { order[Int(find(snapshot, port))] }
      for port: UInt16 in [0, 80, 7999, 8100, 65_535] { #expect(holder(port) == 0) }
      for port: UInt16 in [8000, 8049, 8051, 8099] { #expect(holder(port) == 1) }
      #expect(holder(8050) == 2)
    }
  }

  @Test func severalWithinOne() {
    let services = [
      service(1000, 1999), service(1000, 1000), service(1999, 1999), service(1400, 1500),
      service(1450, 1450), service(3000, 3000),
    ]
    let expected: [(UInt16, UInt32)] = [
      (999, noIndex), (1000, 1), (1001, 0), (1399, 0), (1400, 3), (1449, 3), (1450, 4), (1451, 3),
      (1500, 3), (1501, 0), (1998, 0), (1999, 2), (2000, noIndex), (2999, noIndex), (3000, 5),
      (3001, noIndex),
    ]
    with(services) { snapshot in
      for (port, slot) in expected { #expect(find(snapshot, port) == slot, "port \(port)") }
    }
  }

  @Test func rangesThatOverlapBesideEachOther() {
    // Of 100...300 and 200...299 the second is narrower; of equals the first configured has it.
    with([service(100, 300), service(200, 299), service(250, 349)]) { snapshot in
      let expected: [(UInt16, UInt32)] = [
        (100, 0), (199, 0), (200, 1), (250, 1), (299, 1), (300, 2), (349, 2), (350, noIndex),
      ]
      for (port, slot) in expected { #expect(find(snapshot, port) == slot, "port \(port)") }
    }
  }

  @Test func portByPortAgainstASearchOfTheList() {
    var state: UInt64 = 99
    func next(_ bound: UInt64) -> UInt16 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt16((state >> 33) % bound)
    }
    for _ in 0..<20 {
      let services = (0..<12).map { _ in
        let low = next(400)
        return service(low, low + next(next(3) == 0 ? 200 : 4))
      }
      with(services) { snapshot in
        for port in 0..<620 as Range<UInt16> {
          let holders = services.indices.filter {
            services[$0].lowPort <= port && port <= services[$0].highPort
          }
          let narrowest = holders.min {
            services[$0].highPort - services[$0].lowPort
              < services[$1].highPort - services[$1].lowPort
          }
          #expect(find(snapshot, port) == narrowest.map { UInt32($0) } ?? noIndex)
        }
      }
    }
  }

  @Test func protocolsAreApart() {
    with([service(53, 53), service(53, 53, protocolNumber: Self.udp)]) { snapshot in
      #expect(find(snapshot, 53) == 0)
      #expect(find(snapshot, 53, protocolNumber: Self.udp) == 1)
      #expect(find(snapshot, 53, protocolNumber: 1) == noIndex)
    }
  }

  @Test func absentAddressesHaveNoService() {
    with([service(80, 80), service(0, 65_535, protocolNumber: Self.udp)]) { snapshot in
      for address: (UInt64, UInt64) in [(2, 1), (1, 3), (0, 2), (0, 0), (.max, .max)] {
        #expect(find(snapshot, 80, address: address) == noIndex)
        #expect(find(snapshot, 80, address: address, protocolNumber: Self.udp) == noIndex)
        #expect(!snapshot.isVirtual(high: address.0, low: address.1))
      }
      #expect(snapshot.isVirtual(high: 1, low: 2))
    }
  }

  @Test func anAddressOfOneProtocolIsVirtual() {
    let services = [
      service(80, 80, address: (1, 1)),
      service(80, 80, address: (2, 2), protocolNumber: Self.udp),
    ]
    with(services) { snapshot in
      #expect(snapshot.isVirtual(high: 1, low: 1))
      #expect(snapshot.isVirtual(high: 2, low: 2))
      #expect(find(snapshot, 80, address: (1, 1), protocolNumber: Self.udp) == noIndex)
      #expect(find(snapshot, 80, address: (2, 2)) == noIndex)
    }
  }

  @Test func unusedSlotsAreNotFound() {
    var gone = service(80, 80)
    gone.inUse = false
    with([gone, service(443, 443), gone]) { snapshot in
      #expect(find(snapshot, 80) == noIndex)
      #expect(find(snapshot, 443) == 1)
    }
    with([gone]) { #expect(!$0.isVirtual(high: 1, low: 2)) }
  }

  @Test func aRetiredServiceGivesItsPortsBack() {
    var retired = service(80, 80)
    retired.retired = true
    with([retired, service(0, 65_535)]) { #expect(find($0, 80) == 1) }
    with([retired]) { #expect(!$0.isVirtual(high: 1, low: 2)) }
  }

  @Test func anEmptySnapshotAnswers() {
    with([]) { snapshot in
      #expect(find(snapshot, 80) == noIndex)
      #expect(!snapshot.isVirtual(high: 0, low: 0))
      #expect(snapshot.serviceCount == 0)
    }
  }

  /// Addresses that differ in one bit, in every bit position, and in both protocols.
  @Test func neighbouringAddressesAreApart() {
    var addresses: [(UInt64, UInt64)] = [(0, 0)]
    for bit in 0..<64 {
      addresses.append((1 << bit, 0))
      addresses.append((0, 1 << bit))
    }
    var services: [ServiceRecord] = []
    for address in addresses {
      services.append(service(80, 80, address: address))
      services.append(service(80, 80, address: address, protocolNumber: Self.udp))
    }
    with(services) { snapshot in
      for (index, address) in addresses.enumerated() {
        #expect(find(snapshot, 80, address: address) == UInt32(2 * index))
        #expect(
          find(snapshot, 80, address: address, protocolNumber: Self.udp) == UInt32(2 * index + 1))
      }
      #expect(find(snapshot, 80, address: (3, 0)) == noIndex)
    }
  }
}
