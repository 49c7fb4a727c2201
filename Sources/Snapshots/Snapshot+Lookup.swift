extension Snapshot {
  /// A slot of the open-addressing hash of virtual addresses. `intervalCount` 0 means empty.
  @frozen @usableFromInline
  struct VirtualAddress {
    @usableFromInline var high: UInt64
    @usableFromInline var low: UInt64
    @usableFromInline var firstInterval: UInt32
    @usableFromInline var intervalCount: UInt16
    @usableFromInline var protocolNumber: UInt8
    @usableFromInline var reserved: UInt8
  }

  /// Ports `low...high` of one virtual address and protocol belong to one service.
  @frozen @usableFromInline
  struct PortInterval {
    @usableFromInline var low: UInt16
    @usableFromInline var high: UInt16
    @usableFromInline var service: UInt32
  }

  @inlinable @inline(__always)
  static func hash(_ high: UInt64, _ low: UInt64, _ protocolNumber: UInt8) -> UInt64 {
    let product = (high ^ 0x9e37_79b9_7f4a_7c15 ^ UInt64(protocolNumber))
      .multipliedFullWidth(by: low ^ 0xe703_7ed1_a0b4_28db)
    return product.high ^ product.low
  }

  /// The hash slot of an address that has services of a protocol, or nil.
  @inlinable @inline(__always)
  func find(_ high: UInt64, _ low: UInt64, _ protocolNumber: UInt8)
    -> UnsafePointer<VirtualAddress>?
  {
    let mask = header.pointee.virtualAddressMask
    var index = Self.hash(high, low, protocolNumber) & mask
    while true {
      let entry = virtualAddresses + Int(truncatingIfNeeded: index)
      if entry.pointee.intervalCount == 0 { return nil }
      if entry.pointee.high == high, entry.pointee.low == low,
        entry.pointee.protocolNumber == protocolNumber
      {
        return entry
      }
      index = (index &+ 1) & mask
    }
  }

  /// The slot of the service at an address, protocol and port, or `noIndex`.
  ///
  /// Where one service names a port and another a range around it or `any`, the narrower one has it.
  @inlinable
  public func service(high: UInt64, low: UInt64, protocolNumber: UInt8, port: UInt16) -> UInt32 {
    guard let entry = find(high, low, protocolNumber) else { return noIndex }
    var first = Int(entry.pointee.firstInterval)
    var count = Int(entry.pointee.intervalCount)
    while count > 0 {
      let half = count >> 1
      let interval = intervals + (first &+ half)
      if port < interval.pointee.low {
        count = half
      } else if port > interval.pointee.high {
        first = first &+ half &+ 1
        count = count &- half &- 1
      } else {
        return interval.pointee.service
      }
    }
    return noIndex
  }

  /// Whether any service is offered on the address.
  @inlinable
  public func isVirtual(high: UInt64, low: UInt64) -> Bool {
    find(high, low, 6) != nil || find(high, low, 17) != nil
  }

  /// Whether an address is one of the port's own, which its kernel twin has.
  @inlinable
  public func isOwn(high: UInt64, low: UInt64, port: UnsafePointer<PortRecord>) -> Bool {
    let first = prefixes + Int(port.pointee.firstPrefix)
    var place = 0
    while place < Int(port.pointee.prefixCount) {
      if first[place].isAddress(high: high, low: low) { return true }
      place = place &+ 1
    }
    return false
  }

  /// Whether an address is within one of the port's own networks.
  @inlinable
  public func isOnLink(high: UInt64, low: UInt64, port: UnsafePointer<PortRecord>) -> Bool {
    let first = prefixes + Int(port.pointee.firstPrefix)
    var place = 0
    while place < Int(port.pointee.prefixCount) {
      if first[place].contains(high: high, low: low) { return true }
      place = place &+ 1
    }
    return false
  }
}
