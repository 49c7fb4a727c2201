import Testing

@testable import Dataplane

@Suite struct PortAbilitiesTests {
  private static let nic = PortAbilities(
    rxQueues: 4, txQueues: 4, workers: 4, mtu: .device, macFilter: .device, hashes: .all,
    givesHash: true, hasPartialChecksums: false)

  @Test func aDeviceThatDoesAllOfIt() {
    #expect(
      Self.nic.text
        == "MTU by the device; MAC filter by the device; VLAN tag by software; RSS by the device "
        + "(symmetric Toeplitz); labels not hashed: on the queues that the device puts unhashed "
        + "packets on, switched there; checksums complete as received")
    #expect(Self.nic.rss == .device)
  }

  @Test func aDeviceThatDoesNone() {
    let plain = PortAbilities(
      rxQueues: 1, txQueues: 1, workers: 3, mtu: .software, macFilter: .software, hashes: [],
      givesHash: false, hasPartialChecksums: true)
    #expect(
      plain.text
        == "MTU by software; MAC filter by software; VLAN tag by software; RSS by software; "
        + "labels not hashed: on one queue, switched there; 2 of 3 workers send by rings; "
        + "checksums completed in software")
    #expect(plain.rss == .software)
  }

  @Test func oneWorkerHasNothingToSpread() {
    var port = Self.nic
    port.workers = 1
    port.rxQueues = 1
    port.hashes = []
    #expect(
      port.text
        == "MTU by the device; MAC filter by the device; VLAN tag by software; one worker: "
        + "nothing to spread; checksums complete as received")
  }

  @Test func aDeviceThatHashesSome() {
    var port = Self.nic
    port.hashes = [.tcp4, .udp4, .tcp6]
    #expect(port.text.contains("for TCP/IPv4, UDP/IPv4, TCP/IPv6, by software for the rest;"))
  }

  @Test(arguments: [
    (true, 25_000, "up at 25 Gbit/s"), (true, 100, "up at 100 Mbit/s"),
    (true, 2_500, "up at 2500 Mbit/s"), (true, nil, "up"), (true, 0, "up"), (false, 10_000, "down"),
  ])
  func links(isUp: Bool, speed: Int?, text: String) {
    #expect(PortLink(isUp: isUp, speed: speed).text == text)
  }
}
