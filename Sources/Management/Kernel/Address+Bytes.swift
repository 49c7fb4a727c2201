import Glibc
import Wire

extension MACAddress {
  /// As on the wire.
  var bytes: [UInt8] { (0..<6).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) } }

  init?(bytes: ArraySlice<UInt8>) {
    guard bytes.count == 6 else { return nil }
    self.init(word: bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) })
  }
}

extension IPAddress {
  /// The address family, as the kernel numbers it.
  var family: UInt8 { UInt8(isIPv4 ? AF_INET : AF_INET6) }

  /// As on the wire, 4 or 16 bytes.
  var bytes: [UInt8] {
    isIPv4
      ? (0..<4).map { UInt8(truncatingIfNeeded: ipv4Word >> UInt32(8 * $0)) }
      : [high, low].flatMap { word in
        (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
      }
  }

  init?(bytes: ArraySlice<UInt8>) {
    let word: (ArraySlice<UInt8>) -> UInt64 = { $0.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    switch bytes.count {
    case 4: self.init(ipv4Word: UInt32(word(bytes)))
    case 16: self.init(high: word(bytes.prefix(8)), low: word(bytes.suffix(8)))
    default: return nil
    }
  }
}
