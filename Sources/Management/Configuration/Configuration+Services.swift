import Snapshots
import Wire

extension Configuration {
  public struct Service: Sendable, Equatable {
    public var name = ""
    /// The virtual address.
    public var address = IPAddress(ipv4Word: 0)
    public var transport = Transport.tcp
    public var port = PortRange.any
    public var algorithm = Algorithm.wlc
    /// How long a server that came up takes to its full weight; 0 has no slow start.
    public var slowStart = Duration.zero
    public var clients = ClientLabelling.auto
    /// Concurrent sessions; 0 means no limit.
    public var maxSessions: UInt32 = 0
    /// 0 means no limit.
    public var newSessionsPerSecond: UInt32 = 0
    /// nil means no limit.
    public var clientLimit: ClientLimit?
    /// Prefixes of clients; both empty admit all.
    public var allow: [AddressPrefix] = []
    public var deny: [AddressPrefix] = []
    /// Percent of the sessions whose requests are timed.
    public var responseSamples = 0
    public var refuseWith = RefusalAnswer.reset
    public var onDown = DownAction.keep
    /// nil counts the servers as up.
    public var health: Health?
    public var servers: [Server] = []

    public init() {}
  }

  /// The key `new-sessions-per-client`.
  public struct ClientLimit: Sendable, Equatable {
    /// New sessions a second.
    public var rate: UInt32 = 1
    /// Bits of the address that tell one client from another.
    public var prefixIPv4 = 32
    public var prefixIPv6 = 64

    public init() {}
  }

  /// The key `protocol`.
  public enum Transport: Sendable, Equatable, CaseIterable {
    case tcp, udp

    /// The IANA protocol number.
    public var number: UInt8 {
      switch self {
      case .tcp: ProtocolNumber.tcp
      case .udp: ProtocolNumber.udp
      }
    }
  }

  /// The ports of a service: one, a range, or all.
  public struct PortRange: Sendable, Equatable, CustomStringConvertible {
    public var low: UInt16
    public var high: UInt16

    public static let any = PortRange(low: 0, high: .max)

    public init(low: UInt16, high: UInt16) {
      self.low = low
      self.high = high
    }

    /// As the configuration has it: `80`, `8000-8099` or `any`.
    public var description: String {
      if self == .any { return "any" }
      return low == high ? "\(low)" : "\(low)-\(high)"
    }
  }

  public struct Health: Sendable, Equatable {
    public var type = HealthType.tcp
    /// The key `to`.
    public var target = HealthTarget.server
    public var path = "/"
    /// Of an HTTP check: the Host header; nil sends the server's address.
    public var host: String?
    /// Of an HTTP check: the status codes that are good answers.
    public var status = 200...399
    /// Of an HTTP check: text that a good answer's body holds; nil asks for none.
    public var body: String?
    /// The server's TCP port; nil takes the service's (`Service.checkPort`).
    public var port: UInt16?
    public var interval = Duration.seconds(2)
    public var timeout = Duration.seconds(1)
    /// Good answers in a row that make a server up.
    public var rise = 2
    /// Bad ones in a row that make it down.
    public var fall = 3
    /// Percent of the interval by which the time between two checks varies either way.
    public var jitter = 10

    public init() {}
  }

  public enum HealthType: Sendable, Equatable, CaseIterable {
    case http, tcp, icmp
  }

  /// Which address checks go to.
  public enum HealthTarget: Sendable, Equatable, CaseIterable {
    /// The server's own, by the kernel's route.
    case server
    /// The service's, along the traffic's path.
    case vip
  }

  public struct Server: Sendable, Equatable {
    public var name = ""
    public var address = IPAddress(ipv4Word: 0)
    /// The static next hop; nil asks the kernel.
    public var mac: MACAddress?
    /// Index among the ports of the one that reaches it, named or derived.
    public var port = 0
    /// 0 takes no new session.
    public var weight: UInt32 = 1
    /// Whether it is a label endpoint.
    public var labels = true
    /// Concurrent sessions; 0 means no limit.
    public var maxSessions: UInt32 = 0

    public init() {}
  }
}
