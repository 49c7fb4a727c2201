import Snapshots
import Wire

/// What one configuration file says, every default filled in.
///
/// A value is made by `Configuration.read(text:file:)`, which has checked all of it: names are
/// unique, references resolve, numbers are within their ranges.
public struct Configuration: Sendable, Equatable {
  /// Data-plane cores; nil asks for all but one, at least 1.
  public var workers: Int?
  /// Sessions that each worker's table holds.
  public var sessionsPerWorker = 1_048_576
  public var memory = Memory()
  public var admin = Admin()
  /// Where metrics are offered; nil offers none.
  public var metrics: SocketAddress?
  public var ports: [Port] = []
  public var labels = Labels()
  /// RST and ICMP made by the appliance a second, burst the same.
  public var answersPerSecond = 1000
  /// Packets of one kind a second that a worker gives to a port's kernel twin.
  public var kernelPacketsPerSecond = 10_000
  public var timeouts = Timeouts()
  public var services: [Service] = []

  public init() {}
}

extension Configuration {
  public struct Memory: Sendable, Equatable {
    public var hugepages = HugePages.auto
    /// Packet buffers of the whole appliance; nil lets it reckon them from ports and workers.
    public var mbufs: Int?

    public init() {}
  }

  public enum HugePages: Sendable, Equatable, CaseIterable {
    case auto, required, none
  }

  public struct Admin: Sendable, Equatable {
    /// Path of the admin socket.
    public var socket = "/run/tagline/admin.sock"

    public init() {}
  }

  public struct SocketAddress: Sendable, Equatable {
    public var address: IPAddress
    public var port: UInt16

    public init(address: IPAddress, port: UInt16) {
      self.address = address
      self.port = port
    }
  }

  public struct Port: Sendable, Equatable {
    public var name = ""
    /// A PCI address or DPDK virtual device with its arguments.
    public var device = ""
    public var side = PortSide.both
    /// nil keeps the device's own.
    public var mac: MACAddress?
    /// Of the link: what an Ethernet payload may have, labels included.
    public var mtu: UInt16 = 1500
    /// 802.1Q id of the port's frames; 0 means untagged.
    public var vlan: UInt16 = 0
    /// Addresses of the port's kernel twin; none without one.
    public var addresses: [AddressPrefix] = []
    public var gateway: Gateway?

    public init() {}
  }

  /// The next hop of all clients that are not within a port's prefixes.
  public enum Gateway: Sendable, Equatable {
    case mac(MACAddress)
    case address(IPAddress)
  }

  public struct Labels: Sendable, Equatable {
    /// C2S labels that may be given; both bounds odd.
    public var range: ClosedRange<UInt32> = 17...1_048_573
    public var first = FirstLabel.random
    public var unknown = UnknownLabel.analyse
    public var `guard` = Guard.flow
    public var quarantine = Duration.seconds(1)
    /// Percent of a worker's pairs.
    public var embryonicShare = 25

    public init() {}

    /// Pairs that the range holds.
    public var pairCount: Int { Int(range.upperBound - range.lowerBound) / 2 + 1 }
  }

  public enum FirstLabel: Sendable, Equatable, CaseIterable {
    case random, lowest
  }

  public enum UnknownLabel: Sendable, Equatable, CaseIterable {
    case analyse, discard
  }

  public enum Guard: Sendable, Equatable, CaseIterable {
    case flow, port
  }

  public struct Timeouts: Sendable, Equatable {
    public var tcpEmbryonic = Duration.seconds(5)
    public var tcpEstablished = Duration.seconds(900)
    public var tcpClosing = Duration.seconds(2)
    public var udpEmbryonic = Duration.seconds(5)
    public var udp = Duration.seconds(30)

    public init() {}
  }
}
