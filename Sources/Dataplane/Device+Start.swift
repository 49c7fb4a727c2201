import CDPDKShim

extension Device {
  /// Configures and starts the device with what it has, and notes what it lacks.
  mutating func start(
    _ options: ApplianceOptions.Port, pool: OpaquePointer, redirectionEntries: Int, workers: Int
  ) throws(ApplianceError) {
    var setup = shim_port_setup()
    setup.pool = pool
    setup.rx_queues = UInt16(rxQueues)
    setup.tx_queues = UInt16(txQueues)
    setup.rx_descriptors = 1024
    setup.tx_descriptors = 1024
    setup.mtu = options.mtu
    setup.mac = options.mac ?? 0
    setup.reta_entries = self.redirectionEntries > 0 ? UInt16(redirectionEntries) : 0
    setup.workers = UInt16(workers)
    var started = shim_port_result()
    var step: UnsafePointer<CChar>?
    let result = shim_port_start(port, &setup, &started, &step)
    guard result == 0 else {
      throw ApplianceError(
        "port \(name): device \(device) does not start: \(step.map { String(cString: $0) } ?? ""):"
          + " \(Environment.errorText(result))")
    }
    abilities.mtu = started.mtu_set ? .device : .software
    if started.promiscuous || started.mac_refused { abilities.macFilter = .software }
    abilities.hashes = PortAbilities.Hashes(rawValue: started.hashes)
  }

  /// Drivers whose packets come from a kernel device's receive path, where locally made ones pass with
  /// partial checksums.
  ///
  /// virtio, vhost and TAP need no help in DPDK 22.11. virtio's driver takes VIRTIO_NET_F_GUEST_CSUM
  /// only with the checksum offloads, which are not asked for; vhost's completes in software without them
  /// (`vhost_dev_rx_sw_csum`); the kernel completes what it sends to a TAP device without TUN_F_CSUM.
  static func hasPartialChecksums(driver: String, arguments: String) -> Bool {
    switch driver {
    case "net_af_packet", "net_af_xdp": true
    case "net_pcap":
      arguments.split(separator: ",").contains { argument in
        ["iface=", "rx_iface=", "rx_iface_in="].contains { argument.hasPrefix($0) }
      }
    default: false
    }
  }

  /// Whether DPDK's interrupt thread goes on to listen for it once it is closed: net_memif in the
  /// server's role does not take its listener back (`memif_socket_remove_device`, DPDK 22.11), and a peer
  /// that connects again meets memory that `rte_eal_cleanup` has unmapped. The end of the process cleans
  /// up as well.
  var isHeardAfterItsEnd: Bool {
    driver == "net_memif"
      && device.split(separator: ",").contains { $0 == "role=server" || $0 == "role=master" }
  }

  /// The link as it is now.
  public var link: PortLink {
    var state = shim_port_link()
    guard shim_port_link_state(port, &state) == 0 else { return PortLink(isUp: false, speed: nil) }
    return PortLink(isUp: state.up, speed: state.speed == .max ? nil : Int(state.speed))
  }

  /// DPDK's basic statistics.
  public var statistics: [(name: String, value: UInt64)] {
    var statistics = rte_eth_stats()
    guard shim_port_statistics(port, &statistics) == 0 else { return [] }
    return [
      ("ipackets", statistics.ipackets), ("opackets", statistics.opackets),
      ("ibytes", statistics.ibytes), ("obytes", statistics.obytes),
      ("imissed", statistics.imissed), ("ierrors", statistics.ierrors),
      ("oerrors", statistics.oerrors), ("rx_nombuf", statistics.rx_nombuf),
    ]
  }
}
