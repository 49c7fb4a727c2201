/// How an appliance is set up for a case.
struct Setup {
  enum HugePages: String { case auto, none, required }

  /// One device for both sides, or two: the clients' and the servers'.
  var devices: [String]
  var hugePages = HugePages.auto
  var workers = 1
  var sessions = 1 << 20
  var packetBuffers = 32_768
  var algorithm = "wlc"
  var guardsByPort = false
  var clientsAreLabelled = false
  /// Label pairs, from the lowest on.
  var pairs = 524_279
  /// Services beside the benchmark's own, which nobody asks for.
  var idleServices = 0
  /// Their servers' weight.
  var idleWeight = 1

  /// The configuration file.
  ///
  /// A label adds 4 bytes, so the links take 1,504: a full Ethernet frame is then labelled too.
  var text: String {
    """
    workers: \(workers)
    sessions-per-worker: \(sessions)
    memory:
      hugepages: \(hugePages.rawValue)
      mbufs: \(packetBuffers)
    ports:
    \(ports)
    labels:
      range: 17-\(17 + 2 * (pairs - 1))
      first: lowest
      guard: \(guardsByPort ? "port" : "flow")
    timeouts:
      udp: 15m
    services:
    \(service("dns", Hosts.vip.map(String.init).joined(separator: "."), "udp", Hosts.udpPort))
    \(service("dns6", "2001:db8::10", "udp", Hosts.udpPort))
    \(service("web", Hosts.vip.map(String.init).joined(separator: "."), "tcp", Hosts.tcpPort))
    \((0..<idleServices).map(idleService).joined(separator: "\n"))
    """
  }

  private var serverPort: String { devices.count == 1 ? "front" : "back" }

  private var ports: String {
    let gateway = """
      \n    gateway:
            mac: \(Hosts.text(Hosts.gateway))
      """
    func port(_ name: String, _ device: String, _ side: String) -> String {
      """
        - name: \(name)
          device: \(device)
          side: \(side)
          mac: \(Hosts.text(Hosts.appliance))
          mtu: 1504
      """
    }
    if devices.count == 1 { return port("front", devices[0], "both") + gateway }
    return port("front", devices[0], "client") + gateway + "\n"
      + port("back", devices[1], "server")
  }

  private func service(
    _ name: String, _ address: String, _ transport: String, _ port: UInt16
  ) -> String {
    """
      - name: \(name)
        address: "\(address)"
        protocol: \(transport)
        port: \(port)
        algorithm: \(algorithm)
        clients: \(clientsAreLabelled ? "labelled" : "auto")
        response-samples: 0
        servers:
    \((0..<Hosts.serverCount).map { server($0, weight: 1) }.joined(separator: "\n"))
    """
  }

  private func idleService(_ index: Int) -> String {
    """
      - name: idle\(index)
        address: 198.18.\(index >> 8).\(index & 255)
        protocol: tcp
        port: 443
        servers:
    \(server(0, weight: idleWeight))
    \(server(1, weight: 1))
    """
  }

  private func server(_ index: Int, weight: Int) -> String {
    """
          - name: s\(index)
            address: 192.0.2.\(index + 10)
            mac: \(Hosts.text(Hosts.server(index)))
            port: \(serverPort)
            weight: \(weight)
    """
  }
}
