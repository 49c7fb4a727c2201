/// A fixed list of packets on their way out: to a port, to another worker, or back to the pool.
struct PacketList {
  static let capacity = 64

  let packets: UnsafeMutablePointer<OpaquePointer?>
  var count: Int = 0
  /// Of a port's list: this worker's queue there.
  var queue: UInt16 = 0
  /// Of a port's list: the worker that sends for this one, or -1 when it sends itself.
  var through: Int = -1

  @inline(__always)
  mutating func append(_ mbuf: OpaquePointer) {
    packets[count] = mbuf
    count &+= 1
  }

  @inline(__always)
  var isFull: Bool { count == Self.capacity }
}
