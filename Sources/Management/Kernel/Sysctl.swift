import Glibc

/// Kernel settings below /proc/sys.
enum Sysctl {
  /// - Parameter key: with slashes, such as `net/ipv4/conf/front/arp_ignore`
  /// - Returns: 0 or an errno
  static func write(_ key: String, _ value: Int) -> Int32 {
    let descriptor = unsafe open("/proc/sys/\(key)", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return errno }
    defer { close(descriptor) }
    let text = Array("\(value)".utf8)
    let count = unsafe text.withUnsafeBytes {
      unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
    }
    return count == text.count ? 0 : errno
  }
}
