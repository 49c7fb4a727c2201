import CDPDKShim

/// For the thread that reads.
extension PacketCapture {
  /// Takes all the memory of the buffers, which may take a while; they work before.
  public func populate() {
    for buffer in buffers { shim_capture_buffer_populate(buffer) }
  }

  /// Lets the taps see nothing more, soon; from any thread, but not once it was freed.
  public func close() { shim_store_release32(closed, 1) }

  /// Hands `body` the packet that passed first of those that wait, and its bytes, and forgets it
  /// unless that returns false.
  ///
  /// Of one worker packets come in their order. Of several, one may come that is older than one that
  /// came before, by as long as a worker takes for a burst.
  ///
  /// - Returns: whether there was one and it was taken
  public func takeFirst(_ body: (Packet, RawSpan) -> Bool) -> Bool {
    var first = shim_captured_packet()
    var owner: OpaquePointer?
    for buffer in buffers {
      var packet = shim_captured_packet()
      if shim_capture_buffer_peek(buffer, &packet), owner == nil || packet.cycles < first.cycles {
        first = packet
        owner = buffer
      }
    }
    guard let owner else { return false }
    let packet = Packet(
      cycles: first.cycles, interface: Int(first.interface), isOutbound: first.outbound,
      length: Int(first.length))
    let bytes = UnsafeRawBufferPointer(start: first.bytes, count: Int(first.captured))
    guard body(packet, bytes.bytes) else { return false }
    shim_capture_buffer_drop(owner)
    return true
  }
}

/// The processor's cycle counter beside the time of day.
public enum CycleCounter {
  /// Its frequency, which DPDK may have rounded.
  public static var hertz: UInt64 { rte_get_tsc_hz() }

  /// The counter, and nanoseconds since the Unix epoch at that moment.
  public static var now: (cycles: UInt64, time: UInt64) {
    var cycles: UInt64 = 0
    let time = shim_wall_clock(&cycles)
    return (cycles, time)
  }
}
