import CDPDKShim

/// The memory that an appliance takes at start, and how much of it.
struct Memory {
  /// A region takes whole 2 MiB pages, so small pieces share one.
  private static let slabSize = 2 << 20

  let hugePages: Bool
  private(set) var taken = 0
  /// What was taken, and how many bytes of it.
  private(set) var regions: [(base: UnsafeMutableRawPointer, size: Int)] = []
  private var slab: UnsafeMutableRawPointer?
  private var slabLeft = 0

  init(hugePages: Bool) { self.hugePages = hugePages }

  /// Zeroed bytes, 64-byte aligned, given back only by the end of the process.
  ///
  /// - Parameter purpose: named when there is not that much
  mutating func take(_ bytes: Int, for purpose: String) throws(ApplianceError)
    -> UnsafeMutableRawPointer
  {
    let rounded = (bytes + 63) & ~63
    if rounded > slabLeft || slab == nil {
      let isSmall = rounded < Self.slabSize / 8
      let size = isSmall ? Self.slabSize : rounded
      guard let region = shim_region_allocate(size, -1, hugePages) else {
        throw ApplianceError(
          "no \(size >> 20) MiB of memory for \(purpose): lower sessions-per-worker or workers")
      }
      taken += size
      regions.append((region, size))
      guard isSmall else { return region }
      slab = region
      slabLeft = size
    }
    slabLeft -= rounded
    return slab.unsafelyUnwrapped + slabLeft
  }

  mutating func take<T>(_ type: T.Type, count: Int, for purpose: String) throws(ApplianceError)
    -> UnsafeMutablePointer<T>
  {
    let bytes = (max(count, 1) * MemoryLayout<T>.stride + 63) & ~63
    return try take(bytes, for: purpose).bindMemory(to: T.self, capacity: max(count, 1))
  }
}
