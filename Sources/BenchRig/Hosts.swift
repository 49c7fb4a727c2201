import Wire

/// The hosts of the benchmark's network, and its two services.
enum Hosts {
  static let serverCount = 32
  static let appliance: [UInt8] = [2, 0, 0, 0, 0, 1]
  static let gateway: [UInt8] = [2, 0, 0, 0, 0, 0xfe]
  /// A server's address; its last byte is the server's number.
  static func server(_ index: Int) -> [UInt8] { [2, 0, 0, 0, 1, UInt8(index)] }

  static let vip: [UInt8] = [203, 0, 113, 10]
  /// 2001:db8::10
  static let vip6: [UInt8] = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10]
  /// The clients' network, 2001:db8:1::/96.
  static let clients6: [UInt8] = [0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0]
  static let udpPort: UInt16 = 53
  static let tcpPort: UInt16 = 80

  static func text(_ mac: [UInt8]) -> String {
    mac.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
  }
}
