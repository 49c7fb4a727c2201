/// The immutable state that the manager publishes and the workers read: one flat block of memory.
///
/// Holds services and servers by slot, ports and static adjacencies by index, Maglev tables, and a
/// hash of virtual addresses to sorted port intervals. A worker reads it through this one pointer,
/// which it loads once a loop.
@frozen
public struct Snapshot: @unchecked Sendable {
  public let base: UnsafeMutableRawPointer

  @inlinable @inline(__always)
  public init(base: UnsafeMutableRawPointer) { self.base = base }

  @inlinable @inline(__always)
  var header: UnsafeMutablePointer<Header> { base.assumingMemoryBound(to: Header.self) }

  @inlinable public var number: UInt64 { header.pointee.number }
  @inlinable public var byteCount: Int { Int(header.pointee.byteCount) }

  @inlinable @inline(__always)
  public var settings: UnsafePointer<Settings> { section(header.pointee.settings) }
  @inlinable @inline(__always)
  public var ports: UnsafePointer<PortRecord> { section(header.pointee.ports) }
  @inlinable @inline(__always)
  public var services: UnsafePointer<ServiceRecord> { section(header.pointee.services) }
  @inlinable @inline(__always)
  public var servers: UnsafePointer<ServerRecord> { section(header.pointee.servers) }
  @inlinable @inline(__always)
  public var serverSlots: UnsafePointer<UInt32> { section(header.pointee.serverSlots) }
  @inlinable @inline(__always)
  public var adjacencies: UnsafePointer<Adjacency> { section(header.pointee.adjacencies) }
  @inlinable @inline(__always)
  public var prefixes: UnsafePointer<PrefixRecord> { section(header.pointee.prefixes) }
  @inlinable @inline(__always)
  public var maglevEntries: UnsafePointer<UInt16> { section(header.pointee.maglevEntries) }
  @inlinable @inline(__always)
  public var accessRanges: UnsafePointer<AccessRange> { section(header.pointee.accessRanges) }
  @inlinable @inline(__always)
  var virtualAddresses: UnsafePointer<VirtualAddress> { section(header.pointee.virtualAddresses) }
  @inlinable @inline(__always)
  var intervals: UnsafePointer<PortInterval> { section(header.pointee.intervals) }

  @inlinable @inline(__always)
  var peers: UnsafePointer<Peer> { section(header.pointee.peers) }

  @inlinable public var portCount: Int { Int(header.pointee.portCount) }
  @inlinable public var serviceCount: Int { Int(header.pointee.serviceCount) }
  @inlinable public var serverCount: Int { Int(header.pointee.serverCount) }
  @inlinable public var adjacencyCount: Int { Int(header.pointee.adjacencyCount) }

  /// The server slots of a service, in configuration order.
  @inlinable @inline(__always)
  public func slots(of service: UnsafePointer<ServiceRecord>) -> UnsafePointer<UInt32> {
    serverSlots + Int(service.pointee.firstServer)
  }

  /// Whether a server's sessions are to be reset: it is down, and its service says so.
  @inlinable @inline(__always)
  public func resetsSessions(ofServer slot: UInt32) -> Bool {
    let server = servers + Int(truncatingIfNeeded: slot)
    return server.pointee.health == .down
      && services[Int(truncatingIfNeeded: server.pointee.serviceSlot)].onDown == .reset
  }

  @inlinable @inline(__always)
  func section<T>(_ offset: UInt64) -> UnsafePointer<T> {
    UnsafePointer((base + Int(offset)).assumingMemoryBound(to: T.self))
  }

  /// Frees the block. Only when no worker can read it any more.
  ///
  /// - Parameter poison: overwrite it first, so that a reader that came too late fails loudly.
  public func free(poison: Bool) {
    if poison { base.initializeMemory(as: UInt8.self, repeating: 0xa5, count: byteCount) }
    base.deallocate()
  }

  @frozen @usableFromInline
  struct Header {
    @usableFromInline var number: UInt64 = 0
    @usableFromInline var byteCount: UInt64 = 0
    @usableFromInline var settings: UInt64 = 0
    @usableFromInline var ports: UInt64 = 0
    @usableFromInline var services: UInt64 = 0
    @usableFromInline var servers: UInt64 = 0
    @usableFromInline var serverSlots: UInt64 = 0
    @usableFromInline var adjacencies: UInt64 = 0
    @usableFromInline var prefixes: UInt64 = 0
    @usableFromInline var maglevEntries: UInt64 = 0
    @usableFromInline var accessRanges: UInt64 = 0
    @usableFromInline var virtualAddresses: UInt64 = 0
    @usableFromInline var intervals: UInt64 = 0
    @usableFromInline var virtualAddressMask: UInt64 = 0
    @usableFromInline var peers: UInt64 = 0
    @usableFromInline var peerMask: UInt64 = 0
    @usableFromInline var portCount: UInt32 = 0
    @usableFromInline var serviceCount: UInt32 = 0
    @usableFromInline var serverCount: UInt32 = 0
    @usableFromInline var adjacencyCount: UInt32 = 0
    init() {}
  }
}
