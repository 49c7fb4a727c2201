import Glibc

/// What a freshly started appliance is given: a configuration, and a capture of one new flow's packets.
package struct StartFiles {
  package let configuration: String
  /// DPDK's name of the device, with its arguments.
  package let device: String
  /// Where the device writes what it sends.
  package let sent: String

  /// For an appliance that works in the folder: a socket's path may not be as long as a folder's.
  package static func write(
    to folder: String, hugePages: String
  ) throws(BenchFailure) -> StartFiles {
    let received = "\(folder)/received.pcap"
    let sent = "\(folder)/sent.pcap"
    var traffic = Traffic([Traffic.Stream(FrameKind(.toServer), flows: 0..<1)])
    try CaptureFile.write(received, count: 32) { traffic.next($0) }
    let device = "net_pcap0,rx_pcap=\(received),tx_pcap=\(sent)"
    var setup = Setup(devices: [device])
    setup.hugePages = Setup.HugePages(rawValue: hugePages) ?? .auto
    let configuration = "\(folder)/tagline.yaml"
    guard let file = fopen(configuration, "w") else {
      throw BenchFailure("\(configuration) cannot be written; set TMPDIR", code: 2)
    }
    fputs(setup.text + "\nadmin:\n  socket: admin.sock\n", file)
    fclose(file)
    return StartFiles(configuration: configuration, device: device, sent: sent)
  }
}
