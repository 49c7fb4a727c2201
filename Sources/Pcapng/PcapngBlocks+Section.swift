/// What an interface description says.
public struct PcapngInterface: Sendable, Equatable {
  public var name: String
  public var description: String
  /// Bytes of a packet that are kept at most.
  public var snapLength: UInt32
  /// The expression that packets were chosen by; empty for all.
  public var filter: String
  /// As it lies on the wire.
  public var macAddress: [UInt8]

  public init(
    name: String, description: String = "", snapLength: UInt32, filter: String = "",
    macAddress: [UInt8] = []
  ) {
    self.name = name
    self.description = description
    self.snapLength = snapLength
    self.filter = filter
    self.macAddress = macAddress
  }
}

extension PcapngBlocks {
  /// Begins a section of unknown length (section 4.1).
  public mutating func addSection(application: String) {
    addBlock(0x0A0D_0D0A) { block in
      block.add(UInt32(0x1A2B_3C4D))
      block.add(UInt16(1))
      block.add(UInt16(0))
      block.add(UInt64.max)
      block.addOption(Option.application, application)
      block.endOptions()
    }
  }

  /// Describes an Ethernet interface whose times are nanoseconds (section 4.2). Packets name their
  /// interface by its place, from 0.
  public mutating func addInterface(_ interface: PcapngInterface) {
    addBlock(1) { block in
      block.add(UInt16(1))  // LINKTYPE_ETHERNET
      block.add(UInt16(0))
      block.add(interface.snapLength)
      block.addOption(Option.interfaceName, interface.name)
      if !interface.description.isEmpty {
        block.addOption(Option.interfaceDescription, interface.description)
      }
      if interface.macAddress.count == 6 {
        block.addOption(Option.macAddress, interface.macAddress)
      }
      block.addOption(Option.timeResolution, [9])
      if !interface.filter.isEmpty {
        // The first byte says that an expression of libpcap follows.
        block.addOption(Option.filter, [0] + Array(interface.filter.utf8))
      }
      block.endOptions()
    }
  }

  private enum Option {
    static let application: UInt16 = 4
    static let interfaceName: UInt16 = 2
    static let interfaceDescription: UInt16 = 3
    static let macAddress: UInt16 = 6
    static let timeResolution: UInt16 = 9
    static let filter: UInt16 = 11
  }
}
