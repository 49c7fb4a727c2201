extension UnsafeRawPointer {
  /// The 16-bit network-order field at `offset`, as a number. One unaligned load.
  @inlinable @inline(__always)
  public func load16(_ offset: Int) -> UInt16 {
    loadUnaligned(fromByteOffset: offset, as: UInt16.self).byteSwapped
  }

  /// The 32-bit network-order field at `offset`, as a number. One unaligned load.
  @inlinable @inline(__always)
  public func load32(_ offset: Int) -> UInt32 {
    loadUnaligned(fromByteOffset: offset, as: UInt32.self).byteSwapped
  }

  @inlinable @inline(__always)
  public func load8(_ offset: Int) -> UInt8 { load(fromByteOffset: offset, as: UInt8.self) }

  /// Bytes at `offset` as they lie, for comparing and hashing. One unaligned load.
  @inlinable @inline(__always)
  public func word<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as type: T.Type) -> T {
    loadUnaligned(fromByteOffset: offset, as: type)
  }

  /// The Ethernet address at `offset`, of which 8 bytes must be readable.
  @inlinable @inline(__always)
  public func macAddress(_ offset: Int) -> MACAddress {
    MACAddress(word: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// The IPv6 address at `offset`.
  @inlinable @inline(__always)
  public func ipv6Address(_ offset: Int) -> IPAddress {
    IPAddress(
      high: loadUnaligned(fromByteOffset: offset, as: UInt64.self),
      low: loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
  }

  /// The IPv4 address at `offset`.
  @inlinable @inline(__always)
  public func ipv4Address(_ offset: Int) -> IPAddress {
    IPAddress(ipv4Word: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
}

extension UnsafeMutableRawPointer {
  @inlinable @inline(__always)
  public func store8(_ value: UInt8, _ offset: Int) {
    storeBytes(of: value, toByteOffset: offset, as: UInt8.self)
  }

  /// Writes a number as a 16-bit network-order field.
  @inlinable @inline(__always)
  public func store16(_ value: UInt16, _ offset: Int) {
    storeBytes(of: value.byteSwapped, toByteOffset: offset, as: UInt16.self)
  }

  /// Writes a number as a 32-bit network-order field.
  @inlinable @inline(__always)
  public func store32(_ value: UInt32, _ offset: Int) {
    storeBytes(of: value.byteSwapped, toByteOffset: offset, as: UInt32.self)
  }
}
