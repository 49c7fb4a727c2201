/// A fixed list of packets on their way out: to a port, to another worker, or back to the pool.
struct PacketList {
  static let capacity = 64

  let packets: UnsafeMutablePointer<OpaquePointer?>
  /// Where the next packet goes: cheaper than a count, as every packet passes here.
  private var end: UnsafeMutablePointer<OpaquePointer?>
  /// Of a port's list: this worker's queue there.
  var queue: UInt16 = 0
  /// Of a port's list: the worker that sends for this one, or -1 when it sends itself.
  var through: Int = -1

  init(packets: UnsafeMutablePointer<OpaquePointer?>) {
    self.packets = packets
    end = packets
  }

  @inline(__always)
  mutating func append(_ mbuf: OpaquePointer) {
    end.pointee = mbuf
    end += 1
  }

  @inline(__always)
  var count: Int { end - packets }

  @inline(__always)
  mutating func removeAll() { end = packets }

  @inline(__always)
  var isFull: Bool { count == Self.capacity }
}
