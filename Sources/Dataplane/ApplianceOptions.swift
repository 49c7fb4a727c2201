import Snapshots

/// What an appliance is made of; nothing of it changes while it runs.
public struct ApplianceOptions: Sendable {
  public enum HugePages: Sendable { case auto, required, none }
  public enum FirstPair: Sendable { case lowest, random }

  public struct Port: Sendable {
    public var name: String
    /// PCI address or virtual device, with its arguments.
    public var device: String
    /// As `MACAddress.word`; nil leaves the device's own.
    public var mac: UInt64?
    public var mtu: UInt16
    public var side: PortSide
    /// Whether it has a kernel twin.
    public var hasTwin: Bool

    public init(
      name: String, device: String, mac: UInt64?, mtu: UInt16, side: PortSide, hasTwin: Bool = false
    ) {
      self.name = name
      self.device = device
      self.mac = mac
      self.mtu = mtu
      self.side = side
      self.hasTwin = hasTwin
    }
  }

  public var workers = 1
  public var sessionsPerWorker = 1 << 20
  public var hugePages = HugePages.auto
  /// Packet buffers of the one pool.
  public var packetBuffers = 32768
  public var ports: [Port] = []
  public var firstPair: UInt32 = 8
  public var pairCount: UInt32 = 524_279
  public var firstGiven = FirstPair.random
  /// Percent; follows the snapshots afterwards.
  public var embryonicShare: UInt32 = 25
  /// Slots of servers and services that snapshots may use.
  public var serverSlots = 65_504
  public var serviceSlots = 8192
  /// Clients whose rate of new sessions is kept at a time, 8 bytes each.
  public var limitedClients = 1 << 19
  /// Keys of the digests and hashes, three; nil for random ones. Digests have 16 bits, so that a test
  /// of thousands of packets would now and then meet two alike.
  var secrets: [UInt64]?

  public init() {}
}

/// What the environment lacks: one line that says what to do.
public struct ApplianceError: Error, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
