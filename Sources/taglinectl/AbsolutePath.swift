import Glibc

/// A path as the appliance understands it, which has a working directory of its own.
func absolutePath(_ path: String) -> String {
  guard !path.hasPrefix("/"), let directory = unsafe getcwd(nil, 0) else { return path }
  defer { unsafe free(directory) }
  return unsafe String(cString: directory) + "/" + path
}
