import CDPDKShim

/// The memory that an appliance takes at start, and how much of it.
struct Memory {
  let hugePages: Bool
  private(set) var taken = 0

  init(hugePages: Bool) { self.hugePages = hugePages }

  /// Zeroed bytes, 64-byte aligned, never given back.
  ///
  /// - Parameter purpose: named when there is not that much
  mutating func take(_ bytes: Int, for purpose: String) throws(ApplianceError)
    -> UnsafeMutableRawPointer
  {
    guard let region = shim_region_allocate(bytes, -1, hugePages) else {
      throw ApplianceError(
        "no \(bytes >> 20) MiB of memory for \(purpose): lower sessions-per-worker or workers")
    }
    taken += bytes
    return region
  }

  mutating func take<T>(_ type: T.Type, count: Int, for purpose: String) throws(ApplianceError)
    -> UnsafeMutablePointer<T>
  {
    let bytes = (max(count, 1) * MemoryLayout<T>.stride + 63) & ~63
    return try take(bytes, for: purpose).bindMemory(to: T.self, capacity: max(count, 1))
  }
}
