import Snapshots
import Wire

/// What the look over a burst found of one packet, for the packet's turn. It depends on the packet
/// and the configuration alone, on nothing that earlier packets of the burst may change; but for
/// `detail` without a label, which is a guess to be proved.
struct Look {
  /// Of a packet that the label switch may take as it is: the offset of its label in the table.
  /// `Look.none` for all others.
  var offset: UInt32
  /// With a label: the guard that the label's entry must have. Without: the session that the packet
  /// is probably of, or `noIndex`.
  var detail: UInt32
  /// Without a label: the session hash of a plain TCP or UDP packet, or 0.
  var hash: UInt64

  static let none: UInt32 = .max
  /// In place of `none`: a packet that begins a session has no record yet that could be fetched.
  static let fresh: UInt32 = .max - 1

  @inline(__always)
  var hasLabel: Bool { Int32(bitPattern: offset) >= 0 }

  /// Leaves the packet to the inspector.
  @inline(__always)
  mutating func leave() {
    offset = Self.none
    detail = noIndex
    hash = 0
  }
}

/// What holds for a whole burst of one port's queue.
struct BurstView {
  /// The least length of a frame that is looked at, and how many bytes more fit every link.
  let shortest: UInt32
  let span: UInt32
  /// Which hosts send through the port.
  let side: PortSide
  /// Of the eight bytes from the ethertype on: what a frame with one session label that may come in
  /// here before an IPv4 header without options has, and the bits that this is about.
  let labelled: UInt64
  let labelledMask: UInt64

  /// Ethertype, bottom of stack, IP version and header length.
  private static let plain: UInt64 = 0x0045_0001_0000_4788
  private static let plainMask: UInt64 = 0x00ff_0001_0000_ffff
  /// The label's lowest bit: set in labels that clients send.
  private static let parity: UInt64 = 1 << 36

  @inline(__always)
  init(_ port: UnsafePointer<PortRecord>, _ settings: UnsafePointer<Settings>, link: Int) {
    // A label, an IPv4 header and both ports.
    shortest = UInt32(truncatingIfNeeded: link &+ 28)
    let longest = UInt32(settings.pointee.smallestMTU) &+ UInt32(truncatingIfNeeded: link)
    span = longest > shortest ? longest &- shortest : 0
    side = port.pointee.side
    labelled = side == .client ? Self.plain | Self.parity : Self.plain
    labelledMask = side == .both ? Self.plainMask : Self.plainMask | Self.parity
  }

  /// Whether labels like this one may come in.
  @inline(__always)
  func admits(label: UInt32) -> Bool {
    labelledMask & Self.parity == 0 || (label & 1 != 0) == (labelled & Self.parity != 0)
  }

  /// Whether a frame of so many bytes fits every link.
  @inline(__always)
  func fits(_ length: Int) -> Bool {
    UInt32(truncatingIfNeeded: length) &- shortest <= span
  }

  /// Writes what frames for a port begin with, its address and its tag, and the mask of that.
  @inline(__always)
  static func writeHead(_ port: UnsafePointer<PortRecord>, to head: UnsafeMutablePointer<UInt64>) {
    head[0] = port.pointee.mac
    head[2] = 0x0000_ffff_ffff_ffff
    if port.pointee.vlan == 0 {
      head[1] = 0
      head[3] = 0
    } else {
      head[1] =
        UInt64(Ethertype.vlan.byteSwapped) << 32 | UInt64(port.pointee.vlan.byteSwapped) << 48
      head[3] = 0xff0f_ffff_0000_0000
    }
  }
}
