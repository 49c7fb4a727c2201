/// One measurement: what is done, on which device, with how many sessions.
public struct BenchmarkCase: Hashable, Sendable {
  public enum Device: String, Sendable, CaseIterable {
    /// Prepared packets in memory, by DPDK's `net_ring`: the program's own cost.
    case ring
    /// A capture replayed for ever by DPDK's `net_pcap`: with the copies of real input.
    case pcap
  }

  public var name: String
  public var device: Device
  public var n: Int

  public init(_ name: String, _ device: Device, _ n: Int) {
    self.name = name
    self.device = device
    self.n = n
  }

  /// `NAME/DEVICE/N`.
  public var path: String { "\(name)/\(device.rawValue)/\(n)" }

  /// From its path; nil where that is none.
  public init?(path: String) {
    let parts = path.split(separator: "/")
    guard parts.count == 3, let device = Device(rawValue: String(parts[1])), let n = Int(parts[2])
    else { return nil }
    self.init(String(parts[0]), device, n)
  }
}
