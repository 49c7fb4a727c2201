import Wire

@testable import Sessions

extension FlowTuple {
  init(
    _ source: String, _ sourcePort: UInt16, _ destination: String, _ destinationPort: UInt16,
    protocolNumber: UInt8 = 6, family: UInt8 = 4
  ) {
    self.init(
      source: IPAddress(source)!, destination: IPAddress(destination)!, sourcePort: sourcePort,
      destinationPort: destinationPort, protocolNumber: protocolNumber, family: family)
  }

  /// The flow of a number: different for different numbers, IPv4 and IPv6 in turn.
  init(number: UInt32) {
    let virtual4 = IPAddress(ipv4Word: 0x0a71_00cb)
    let virtual6 = IPAddress(high: 0xb80d_0120, low: 0x8000_0000_0000_0000)
    let port = UInt16(truncatingIfNeeded: 1024 &+ number / 2)
    let host = (number / 2) >> 16
    if number & 1 == 0 {
      self.init(
        source: IPAddress(ipv4Word: (0x0a00_0000 | host).byteSwapped), destination: virtual4,
        sourcePort: port, destinationPort: 80, protocolNumber: 6, family: 4)
    } else {
      self.init(
        source: IPAddress(high: 0xb80d_0120, low: UInt64(host).byteSwapped),
        destination: virtual6, sourcePort: port, destinationPort: 443, protocolNumber: 17,
        family: 6)
    }
  }
}

/// What a dictionary knows a flow by.
struct FlowKey: Hashable {
  let source: IPAddress
  let destination: IPAddress
  let ports: UInt32
  let kind: UInt32

  init(_ tuple: FlowTuple) {
    source = tuple.source
    destination = tuple.destination
    ports = tuple.ports
    kind = tuple.kind
  }
}
