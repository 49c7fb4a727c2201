import Glibc

/// How many files and sockets this process may have open.
enum DescriptorLimit {
  /// Raises the soft limit to 65,536 or the hard one (setrlimit(2)), since a check under way holds a
  /// socket.
  ///
  /// - Returns: the limit that holds then
  static func raise() -> Int {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      return 1024
    }
    let former = limit.rlim_cur
    limit.rlim_cur = max(former, min(limit.rlim_max, 65_536))
    if unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0 {
      limit.rlim_cur = former
    }
    return Int(clamping: limit.rlim_cur)
  }
}
