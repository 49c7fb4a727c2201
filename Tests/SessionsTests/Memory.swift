/// Zeroed memory that lives as long as this object.
final class Memory {
  let base: UnsafeMutableRawPointer

  init(_ byteCount: Int) {
    base = .allocate(byteCount: byteCount, alignment: 64)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }

  deinit { base.deallocate() }
}
