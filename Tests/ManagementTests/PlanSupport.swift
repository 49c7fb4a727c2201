import Snapshots
import Wire

@testable import Management

/// One port and services of servers: `["web: a b"]` is a service `web` of servers `a` and `b`. The
/// service at position i has 203.0.113.1:(i + 1) unless it was given an address.
func planned(_ services: [String], ports: Int = 1) -> Configuration {
  var configuration = Configuration()
  for index in 0..<ports {
    var port = Configuration.Port()
    port.name = "p\(index)"
    port.device = "net_null\(index)"
    configuration.ports.append(port)
  }
  configuration.services = services.enumerated().map { index, text in
    let parts = text.split(separator: ":")
    var service = Configuration.Service()
    service.name = String(parts[0])
    service.address = IPAddress("203.0.113.1") ?? IPAddress(ipv4Word: 0)
    service.port = Configuration.PortRange(low: UInt16(index + 1), high: UInt16(index + 1))
    service.servers = parts[1].split(separator: " ").map { serverNamed(String($0)) }
    return service
  }
  return configuration
}

/// Address and MAC follow from the name.
func serverNamed(_ name: String) -> Configuration.Server {
  var server = Configuration.Server()
  server.name = name
  let number = name.utf8.reduce(UInt32(1)) { $0 &* 31 &+ UInt32($1) } & 0xffff
  server.address = IPAddress(ipv4Word: 0x0000_000a | number << 16)
  server.mac = MACAddress(word: 0x02 | UInt64(number) << 32)
  return server
}

func makePlan(_ services: [String]) -> Plan {
  Plan(configuration: planned(services), portMACs: [0x0100_0000_0002])
}

extension Plan {
  /// The server slots that a snapshot's service has, by the records alone.
  func slots(of service: ServiceRecord, in contents: SnapshotContents) -> [UInt32] {
    let first = Int(service.firstServer)
    return Array(contents.serverSlots[first..<(first + Int(service.serverCount))])
  }

  func record(_ server: String, in contents: SnapshotContents) -> ServerRecord? {
    serverSlot(named: server).map { contents.servers[Int($0)] }
  }
}
