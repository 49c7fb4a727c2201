/// Memory as the modules want it: zeroed, aligned to a cache line, and of exactly the size asked for, so
/// that AddressSanitizer sees any access past it. It lives as long as this object.
public final class Memory {
  public let base: UnsafeMutableRawPointer

  public init(_ byteCount: Int) {
    base = .allocate(byteCount: byteCount, alignment: 64)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }

  deinit { base.deallocate() }
}
