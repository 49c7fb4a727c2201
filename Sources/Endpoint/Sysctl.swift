/// The kernel's variables, by their names in sysctl(8), with slashes in place of dots: a device's name
/// may have dots of its own.
enum Sysctl {
  /// nil: the kernel has none of this name.
  static func text(_ name: String) throws(EndpointFailure) -> String? {
    guard let text = try TextFile.read(path(name)) else { return nil }
    return text.split(separator: "\n").first.map(String.init) ?? ""
  }

  /// 0 for what is less.
  static func number(_ name: String) throws(EndpointFailure) -> UInt32? {
    try text(name).flatMap { Int64($0) }.map { UInt32(clamping: $0) }
  }

  static func set(_ name: String, _ value: UInt32) throws(EndpointFailure) {
    try TextFile.overwrite(path(name), "\(value)")
  }

  private static func path(_ name: String) -> String { "/proc/sys/" + name }
}
