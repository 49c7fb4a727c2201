import CDPDKShim
import Wire

extension Worker {
  /// Completes the checksums of a burst that its senders left to a network device.
  ///
  /// A sender on this machine may hand its packets over with partial checksums, since the link between
  /// is memory. af_packet, af_xdp and libpcap do not say which are (TP_STATUS_CSUMNOTREADY is not looked
  /// at, XDP has no word for it), so it is told from the packet. Ports on other devices never come here.
  @inline(never)
  mutating func completeChecksums(_ count: Int) {
    var place = 0
    while place < count {
      let mbuf = burst[place].unsafelyUnwrapped
      place &+= 1
      let data = shim_mbuf_data(mbuf).unsafelyUnwrapped
      let available = Int(shim_mbuf_data_length(mbuf))
      let total = Int(shim_mbuf_packet_length(mbuf))
      guard shim_mbuf_is_plain(mbuf) || shim_mbuf_chain_is_whole(mbuf),
        let partial = PartialChecksum.find(data, available: available, total: total)
      else { continue }
      var sum: UInt16 = 0
      guard
        shim_mbuf_sum(
          mbuf, UInt32(truncatingIfNeeded: partial.start),
          UInt32(truncatingIfNeeded: partial.length), &sum),
        let checksum = partial.completed(sum: sum)
      else { continue }
      data.store16(checksum, partial.field)
      self.count(.checksumCompleted)
    }
  }
}
