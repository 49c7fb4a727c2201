import CDPDKShim
import Foundation
import Snapshots
import Testing

@testable import Dataplane

extension DataplaneTests {
  /// Publishing snapshots while a worker runs. In a process of its own, since its end is DPDK's end.
  @Suite struct PublicationTests {
    /// Freed snapshots are overwritten in debug builds, so a worker that still read one would find no
    /// port of its own there, or crash.
    @Test(.timeLimit(.minutes(3))) func publishesWhileAWorkerPolls() async {
      await #expect(processExitsWith: .success) {
        let network = Network.oneArmed
        var options = ApplianceOptions()
        options.workers = 1
        options.sessionsPerWorker = 64
        options.hugePages = .none
        options.packetBuffers = 1024
        options.pairCount = 64
        options.serverSlots = 64
        options.serviceSlots = 16
        options.ports = [
          ApplianceOptions.Port(
            name: "null", device: "net_null0,size=64", mac: nil, mtu: 1500, side: .both)
        ]
        let appliance = try Appliance(options)
        appliance.publish(network.contents(number: 1))
        try appliance.start()
        while appliance.receivedPackets == 0 { usleep(100) }
        for number in 2...1000 as ClosedRange<UInt64> {
          appliance.publish(network.contents(number: number))
          if number % 100 == 0 { usleep(1000) }
        }
        while appliance.unreclaimed > 0 {
          appliance.reclaim()
          usleep(100)
        }
        #expect(appliance.isPast(snapshot: 999))
        let seen = appliance.receivedPackets
        while appliance.receivedPackets == seen { usleep(100) }
        #expect(appliance.workers[0].snapshotNumber == 1000)
        let quiet = shim_pool_in_use(appliance.pool)
        appliance.stop()
        // At most what is in a burst and on send lists.
        #expect(quiet <= 128)

        // Frames of zeros are for nobody: each is dropped for the one reason.
        let counters = Dictionary(
          uniqueKeysWithValues: appliance.counters().map { ($0.name, $0.value) })
        #expect(counters["rx.packets"] == counters["drop.foreign_mac"])
      }
    }
  }
}
