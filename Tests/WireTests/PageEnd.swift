import Glibc

/// Memory that ends where a page without access begins: a read or write of one byte too many ends
/// the test run at once.
final class PageEnd {
  private let base: UnsafeMutableRawPointer
  private let byteCount: Int
  private let end: UnsafeMutableRawPointer

  /// - Parameter capacity: the most bytes that will be placed
  init(capacity: Int) {
    let page = sysconf(Int32(_SC_PAGESIZE))
    let rounded = (capacity + page - 1) / page * page
    byteCount = rounded + page
    let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let memory, memory != MAP_FAILED, mprotect(memory + rounded, page, PROT_NONE) == 0
    else { fatalError("no memory for a guard page") }
    base = memory
    end = memory + rounded
  }

  deinit { munmap(base, byteCount) }

  /// A copy of the bytes that ends at the page without access.
  func place(_ bytes: some Collection<UInt8>) -> UnsafeMutableRawPointer {
    let start = end - bytes.count
    UnsafeMutableRawBufferPointer(start: start, count: bytes.count).copyBytes(from: bytes)
    return start
  }
}

/// Runs a change on bytes that end at a page without access, and gives them back.
func changing(_ bytes: [UInt8], _ change: (UnsafeMutableRawPointer) -> Void) -> [UInt8] {
  let memory = PageEnd(capacity: bytes.count)
  return withExtendedLifetime(memory) {
    let start = memory.place(bytes)
    change(start)
    return [UInt8](UnsafeRawBufferPointer(start: start, count: bytes.count))
  }
}
