import CDPDKShim
import Dataplane

/// The C loop alone, without a pause to fill the ring: as dpdk-testpmd runs.
package final class Yardstick {
  /// DPDK's name of the device, with its arguments.
  package let device: String
  package private(set) var measurement = CaseMeasurement()
  private let rig: Rig
  private var traffic: Traffic
  private let isRing: Bool

  package init(_ options: MeasurementOptions) throws(BenchFailure) {
    // Afterwards DPDK has pinned this thread.
    measurement.hasOwnCore = Appliance.availableProcessors > 1
    isRing = options.isRing
    traffic = Traffic([Traffic.Stream(FrameKind(.toServer), flows: 0..<options.n)])
    if isRing {
      device = "net_ring0"
    } else {
      let path = "\(options.folder)/0.pcap"
      var flow = UInt32(0)
      var frames = traffic
      try CaptureFile.write(path, count: options.n) { frame in
        flow += 1
        return frames.frame(of: flow - 1, stream: 0, to: frame)
      }
      device = "net_pcap0,rx_pcap=\(path),infinite_rx=1"
    }
    var setup = Setup(devices: [device])
    setup.hugePages = Setup.HugePages(rawValue: options.hugePages) ?? .auto
    rig = try Rig(setup, isRing: isRing)
    measurement.lines = rig.appliance.startLines
  }

  /// - Returns: nanoseconds a packet
  package func round(packets: Int) throws(BenchFailure) -> Double {
    var result = 0.0
    try WorkerCore.run { () throws(BenchFailure) in
      if self.isRing { try self.rig.fill(&self.traffic) }
      let times = packets / self.rig.packetsPerTurn
      let (cycles, received) = MeasuredTurns.macswap(self.rig.ports, times: times)
      if self.isRing, self.rig.drain() != 0 {
        throw BenchFailure("the C loop lost packets", code: 1)
      }
      result = MeasuredTurns.nanoseconds(cycles) / Double(received)
    }
    return result
  }
}
