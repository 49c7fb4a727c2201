import CBPFShim
import Wire

/// What is remembered of a flow.
public struct Flow: Equatable, Sendable {
  public let proto: UInt8
  public let local: IPAddress
  public let localPort: UInt16
  public let remote: IPAddress
  public let remotePort: UInt16
  /// The session label that it is sent with.
  public let label: UInt32
  /// Entries below the session label, echoed untouched.
  public let entriesBelow: [UInt32]
  public let appliance: MACAddress
  /// Since the last packet either way.
  public let idleNanoseconds: UInt64

  init(_ key: endpoint_flow_key, _ flow: endpoint_flow, now: UInt64) {
    proto = key.protocol
    local = IPAddress(high: key.local.high, low: key.local.low)
    localPort = UInt16(bigEndian: key.local_port)
    remote = IPAddress(high: key.remote.high, low: key.remote.low)
    remotePort = UInt16(bigEndian: key.remote_port)
    label = flow.stack.0 >> 12
    entriesBelow = Array([flow.stack.1, flow.stack.2].prefix(max(0, Int(flow.entries) - 1)))
    appliance = MACAddress(word: flow.mac)
    idleNanoseconds = now > flow.used_ns ? now - flow.used_ns : 0
  }

  /// `tcp` or `udp`.
  public var protocolName: String { proto == 6 ? "tcp" : "udp" }
}
