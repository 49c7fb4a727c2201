import Wire

/// What tells one conversation from another, as one packet shows it.
@frozen
public struct FlowTuple: Equatable, Sendable {
  public var source: IPAddress
  public var destination: IPAddress
  /// Source port, and from bit 16 destination port, as numbers.
  public var ports: UInt32
  /// Protocol number, and from bit 8 the packet's IP version, 4 or 6: an IPv6 packet that carries
  /// IPv4-mapped addresses is no IPv4 session's.
  public var kind: UInt32

  @inlinable @inline(__always)
  public init(source: IPAddress, destination: IPAddress, ports: UInt32, kind: UInt32) {
    self.source = source
    self.destination = destination
    self.ports = ports
    self.kind = kind
  }

  /// - Parameters:
  ///   - protocolNumber: of the upper layer
  ///   - family: the packet's IP version, 4 or 6
  @inlinable @inline(__always)
  public init(
    source: IPAddress, destination: IPAddress, sourcePort: UInt16, destinationPort: UInt16,
    protocolNumber: UInt8, family: UInt8
  ) {
    self.source = source
    self.destination = destination
    ports = UInt32(sourcePort) | UInt32(destinationPort) << 16
    kind = UInt32(protocolNumber) | UInt32(family) << 8
  }

  @inlinable @inline(__always)
  public var sourcePort: UInt16 { UInt16(truncatingIfNeeded: ports) }

  @inlinable @inline(__always)
  public var destinationPort: UInt16 { UInt16(truncatingIfNeeded: ports >> 16) }

  /// The tuple of the opposite direction.
  @inlinable @inline(__always)
  public var reversed: FlowTuple {
    FlowTuple(
      source: destination, destination: source, ports: ports >> 16 | ports << 16, kind: kind)
  }
}
