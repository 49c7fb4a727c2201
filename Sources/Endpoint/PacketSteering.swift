import CBPFShim

/// Receive packet steering (RPS, the kernel's scaling.rst): most NICs do not hash behind labels and put
/// all labelled frames on one queue, from where it spreads them over processors.
struct PacketSteering: Sendable {
  let device: String
  /// Receive queues that have none.
  let queuesWithout: [Int]
  let processors: ProcessorSet

  /// nil: this kernel has none, or there is nothing to spread over.
  static func read(_ device: Device) throws(EndpointFailure) -> PacketSteering? {
    let files = Descriptor(endpoint_sysfs_open())
    let root = files.number >= 0 ? "/proc/self/fd/\(files.number)" : "/sys"
    guard let list = try TextFile.read(root + "/devices/system/cpu/online"),
      let processors = ProcessorSet(list: String(list.prefix { !$0.isNewline })),
      processors.numbers.count > 1
    else { return nil }
    var masks: [String] = []
    while let mask = try TextFile.read(
      root + "/class/net/\(device.name)/queues/rx-\(masks.count)/rps_cpus")
    {
      masks.append(mask)
    }
    return PacketSteering(
      device: device.name,
      queuesWithout: masks.indices.filter { index in
        masks[index].allSatisfy { $0 == "0" || $0 == "," || $0.isNewline }
      }, processors: processors)
  }

  /// What to do where it is missing; nil: nowhere.
  var advice: String? {
    guard let first = queuesWithout.first else { return nil }
    let folder = "/sys/class/net/\(device)/queues"
    let command =
      queuesWithout.count == 1
      ? "echo \(processors.mask) > \(folder)/rx-\(first)/rps_cpus"
      : "for queue in \(queuesWithout.map(String.init).joined(separator: " ")); do "
        + "echo \(processors.mask) > \(folder)/rx-$queue/rps_cpus; done"
    return "\(device): most NICs put all labelled frames on one queue; to spread them over "
      + "\(processors.numbers.count) processors: `\(command)`"
  }
}
