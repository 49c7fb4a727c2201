import Testing

@testable import Snapshots

@Suite struct LayoutTests {
  private func contents() -> SnapshotContents {
    var contents = SnapshotContents()
    contents.number = 77
    contents.settings.answersPerSecond = 123
    contents.settings.guardPort = true
    for index in 0..<3 {
      var port = PortRecord()
      port.mac = UInt64(index + 1)
      contents.ports.append(port)
    }
    for index in 0..<5 {
      var service = ServiceRecord()
      service.inUse = true
      service.addressLow = UInt64(index)
      service.protocolNumber = 6
      service.lowPort = 80
      service.highPort = 80
      service.firstServer = UInt32(index)
      service.serverCount = 2
      contents.services.append(service)
    }
    for index in 0..<7 {
      var server = ServerRecord()
      server.mac = UInt64(100 + index)
      contents.servers.append(server)
    }
    contents.serverSlots = [6, 5, 4, 3, 2, 1]
    var adjacency = Adjacency()
    adjacency.mtu = 9000
    contents.adjacencies = [adjacency]
    contents.maglevEntries = [4, 3, 2, 1, ServiceRecord.noServer]
    return contents
  }

  /// Every record lies within one cache line, since each section begins at one.
  @Test func recordsDoNotStraddleCacheLines() {
    #expect(MemoryLayout<ServiceRecord>.stride == 64)
    for stride in [
      MemoryLayout<ServerRecord>.stride, MemoryLayout<Adjacency>.stride,
      MemoryLayout<PortRecord>.stride, MemoryLayout<Snapshot.PortInterval>.stride,
    ] {
      #expect(64 % stride == 0)
    }
  }

  @Test func sectionsBeginAtCacheLinesAndDoNotOverlap() {
    let snapshot = contents().build()
    defer { snapshot.free(poison: true) }
    let header = snapshot.header.pointee
    let start = UInt(bitPattern: snapshot.base)
    #expect(start % 64 == 0)
    #expect(snapshot.byteCount % 64 == 0)
    let slots = Int(header.virtualAddressMask) + 1
    let sections: [(UInt64, Int)] = [
      (0, MemoryLayout<Snapshot.Header>.size),
      (header.settings, MemoryLayout<Settings>.size),
      (header.ports, 3 * MemoryLayout<PortRecord>.stride),
      (header.services, 5 * MemoryLayout<ServiceRecord>.stride),
      (header.servers, 7 * MemoryLayout<ServerRecord>.stride),
      (header.serverSlots, 6 * 4),
      (header.adjacencies, MemoryLayout<Adjacency>.stride),
      (header.virtualAddresses, slots * MemoryLayout<Snapshot.VirtualAddress>.stride),
      (header.intervals, 5 * MemoryLayout<Snapshot.PortInterval>.stride),
      (header.maglevEntries, 5 * 2),
    ]
    let sorted = sections.sorted { $0.0 < $1.0 }
    for (section, next) in zip(sorted, sorted.dropFirst()) {
      #expect(Int(section.0) + section.1 <= Int(next.0))
    }
    for section in sections { #expect(section.0 % 64 == 0) }
    let last = sorted[sorted.count - 1]
    #expect(Int(last.0) + last.1 <= snapshot.byteCount)
  }

  @Test func holdsWhatItWasBuiltFrom() {
    let snapshot = contents().build()
    defer { snapshot.free(poison: false) }
    #expect(snapshot.number == 77)
    #expect(snapshot.settings.pointee.answersPerSecond == 123)
    #expect(snapshot.settings.pointee.guardPort)
    #expect(snapshot.portCount == 3)
    #expect(snapshot.serviceCount == 5)
    #expect(snapshot.serverCount == 7)
    #expect(snapshot.adjacencyCount == 1)
    #expect((0..<3).map { snapshot.ports[$0].mac } == [1, 2, 3])
    #expect((0..<5).map { snapshot.services[$0].addressLow } == [0, 1, 2, 3, 4])
    #expect((0..<7).map { snapshot.servers[$0].mac } == [100, 101, 102, 103, 104, 105, 106])
    #expect((0..<6).map { snapshot.serverSlots[$0] } == [6, 5, 4, 3, 2, 1])
    #expect(snapshot.adjacencies[0].mtu == 9000)
    #expect((0..<5).map { snapshot.maglevEntries[$0] } == [4, 3, 2, 1, 65_535])
    let slots = snapshot.slots(of: snapshot.services + 3)
    #expect([slots[0], slots[1]] == [3, 2])
  }

  /// The hash stays at most half full, so that an absent address is soon seen to be absent.
  @Test(arguments: [0, 1, 2, 3, 64, 65, 1000]) func theHashIsAtMostHalfFull(_ count: Int) {
    var contents = SnapshotContents()
    for index in 0..<count {
      var service = ServiceRecord()
      service.inUse = true
      service.addressLow = UInt64(index)
      service.protocolNumber = 17
      contents.services.append(service)
    }
    let snapshot = contents.build()
    defer { snapshot.free(poison: true) }
    let slots = Int(snapshot.header.pointee.virtualAddressMask) + 1
    #expect(slots & (slots - 1) == 0)
    let used = (0..<slots).count { snapshot.virtualAddresses[$0].intervalCount > 0 }
    #expect(used == count)
    #expect(used * 2 <= slots)
  }
}
