/// The ones' complement sum of big-endian 16-bit words, one after the other with the carry brought
/// round each time (RFC 1071 1).
func plainSum(_ bytes: some Collection<UInt8>, initial: UInt16 = 0) -> UInt16 {
  var sum = Int(initial)
  var high = true
  for byte in bytes {
    sum += high ? Int(byte) << 8 : Int(byte)
    if sum > 0xffff { sum -= 0xffff }
    high.toggle()
  }
  return UInt16(sum)
}

/// The upper layer's sum with the pseudo-header of the IP packet that it stands in. All right is
/// 0xffff.
///
/// - Parameter offset: of the upper layer
func transportSum(_ packet: [UInt8], offset: Int, protocolNumber: UInt8) -> UInt16 {
  let addresses = packet[0] >> 4 == 4 ? packet[12..<20] : packet[8..<40]
  let upper = packet[offset...]
  let pseudo = [UInt8](addresses) + UInt32(upper.count).networkBytes + [0, 0, 0, protocolNumber]
  return plainSum(pseudo + upper)
}
