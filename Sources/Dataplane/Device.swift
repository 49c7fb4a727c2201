import CDPDKShim
import Glibc
import Wire

/// A port's device, attached and started.
public struct Device: Sendable {
  public let name: String
  public let device: String
  public let driver: String
  /// DPDK's number.
  package let port: UInt16
  /// The address that frames for this port have, as `MACAddress.word`.
  public let mac: UInt64
  public let rxQueues: Int
  public let txQueues: Int
  /// The link's MTU, labels included.
  public let mtu: UInt16
  /// Known in full once it is started.
  public internal(set) var abilities: PortAbilities
  /// The node that the device sits on, or -1.
  public let numaNode: Int
  /// Entries of the device's redirection table; 0 without RSS.
  let redirectionEntries: Int

  /// The device and its node, as label listings show it.
  public var lineCard: String {
    numaNode >= 0 ? "\(deviceName)@numa\(numaNode)" : deviceName
  }

  var deviceName: String { String(device.prefix { $0 != "," }) }

  init(_ options: ApplianceOptions.Port, workers: Int) throws(ApplianceError) {
    if let capture = Self.unreadableCapture(options.device) {
      throw ApplianceError(
        "port \(options.name): capture \(capture) cannot be read; rx_pcap names a file to replay")
    }
    var port: UInt16 = 0
    let result = shim_port_attach(options.device, &port)
    guard result == 0 else {
      throw ApplianceError(
        "port \(options.name): device \(options.device) cannot be attached:"
          + " \(Environment.errorText(result)); see its DPDK driver's arguments")
    }
    var info = shim_port_info()
    guard shim_port_info(port, &info) == 0 else {
      throw ApplianceError("port \(options.name): device \(options.device) tells nothing of itself")
    }
    name = options.name
    device = options.device
    driver = withUnsafeBytes(of: info.driver) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    self.port = port
    mac = options.mac ?? info.mac
    numaNode = Int(info.socket)
    // These open as many sources of packets as their arguments say, used or not: a queue that nobody
    // polls would keep its packets.
    let isEveryQueueASource = ["net_pcap", "net_af_packet", "net_af_xdp"]
      .contains(driver)
    // A memif peer may have fewer queues, and what is sent on one that it lacks is lost.
    let limit = driver == "net_memif" ? 1 : workers
    rxQueues = isEveryQueueASource ? Int(info.max_rx_queues) : min(limit, Int(info.max_rx_queues))
    txQueues = min(limit, Int(info.max_tx_queues))
    let entries = Int(info.reta_size)
    let isUsable =
      entries > 0 && entries <= ReceiveSideScaling.maximumEntries
      && entries & (entries - 1) == 0
    redirectionEntries = info.rss_offloads != 0 && rxQueues > 1 && isUsable ? entries : 0
    mtu = options.mtu
    abilities = PortAbilities(
      rxQueues: rxQueues, txQueues: txQueues, workers: workers, mtu: .software,
      macFilter: info.is_virtual ? .software : .device, hashes: [], givesHash: info.gives_hash,
      hasPartialChecksums: Self.hasPartialChecksums(driver: driver, arguments: options.device))
  }

  /// A capture that a `net_pcap` device is to replay and that is not there: its driver would only say
  /// that it cannot attach.
  private static func unreadableCapture(_ device: String) -> String? {
    guard device.hasPrefix("net_pcap") else { return nil }
    return device.split(separator: ",").compactMap { argument in
      argument.hasPrefix("rx_pcap=") ? String(argument.dropFirst("rx_pcap=".count)) : nil
    }.first { access($0, R_OK) != 0 }
  }
}
