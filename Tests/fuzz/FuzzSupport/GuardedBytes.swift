import Glibc

/// Memory whose end is the end of what may be read: behind it lies a page without access, so that a
/// read of one byte too many ends the fuzzer at once.
public enum GuardedBytes {
  /// The most bytes that an input may have.
  public static let capacity = 64 * 1024

  nonisolated(unsafe) private static let input = region(capacity)

  /// A copy of `count` bytes that ends at the guard page; it lasts until the next call.
  public static func copy(_ bytes: UnsafeRawPointer, _ count: Int) -> UnsafeMutableRawPointer {
    let start = input + (capacity - count)
    start.copyMemory(from: bytes, byteCount: count)
    return start
  }

  /// Zeroed memory of `byteCount` bytes that ends at a guard page and is never given back.
  public static func region(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let page = sysconf(Int32(_SC_PAGESIZE))
    let rounded = (byteCount + page - 1) / page * page
    let memory = mmap(
      nil, rounded + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let memory, memory != MAP_FAILED, mprotect(memory + rounded, page, PROT_NONE) == 0
    else { fatalError("no memory for the guard page") }
    return memory + (rounded - byteCount)
  }
}
