import Glibc

/// What a device receives: the hook that filters hang on, and the one filter of the appliance's.
extension RouteMessage {
  private static let newQueueing: UInt16 = 36
  private static let deleteQueueing: UInt16 = 37
  private static let newFilter: UInt16 = 44
  private static let deleteFilter: UInt16 = 45
  private static let getFilter: UInt16 = 46

  private static let clsactHandle: UInt32 = 0xffff_0000
  private static let clsactParent: UInt32 = 0xffff_fff1
  private static let dropHandle: UInt32 = 1
  private static let dropPreference: UInt16 = 1
  /// BPF_RET | BPF_K with TC_ACT_SHOT.
  private static let dropProgram: [UInt8] = [6, 0, 0, 0, 2, 0, 0, 0]
  private static let directAction: UInt32 = 1

  /// A direction of a device's traffic, as the parent of its filters.
  enum Direction: UInt32 {
    case ingress = 0xffff_fff2
    case egress = 0xffff_fff3
  }

  /// Adds or removes the hook that filters of a device hang on (clsact).
  static func clsact(link: UInt32, adds: Bool) -> NetlinkMessage {
    var message = Self.message(
      adding: newQueueing, removing: deleteQueueing, adds: adds,
      over: NetlinkMessage.Flags.exclusive)
    appendTraffic(&message, link: link, handle: clsactHandle, parent: clsactParent, info: 0)
    message.attribute(1, Array("clsact".utf8) + [0])  // TCA_KIND
    return message
  }

  /// Adds or removes the first filter of received frames: a program of one instruction that drops
  /// them all. Packet sockets have had them before.
  static func ingressDrop(link: UInt32, adds: Bool) -> NetlinkMessage {
    var message = Self.message(
      adding: newFilter, removing: deleteFilter, adds: adds, over: NetlinkMessage.Flags.exclusive)
    // All protocols (ETH_P_ALL in network order).
    appendTraffic(
      &message, link: link, handle: dropHandle, parent: Direction.ingress.rawValue,
      info: UInt32(dropPreference) << 16 | 0x0300)
    message.attribute(1, Array("bpf".utf8) + [0])  // TCA_KIND
    if adds {
      message.nest(2) { options in  // TCA_OPTIONS
        options.attribute(4, UInt16(1))  // TCA_BPF_OPS_LEN
        options.attribute(5, dropProgram)  // TCA_BPF_OPS
        options.attribute(8, directAction)  // TCA_BPF_FLAGS
      }
    }
    return message
  }

  static func filters(link: UInt32, _ direction: Direction) -> NetlinkMessage {
    var message = NetlinkMessage(type: getFilter, flags: NetlinkMessage.Flags.dump)
    appendTraffic(&message, link: link, handle: 0, parent: direction.rawValue, info: 0)
    return message
  }

  /// What an answer to `filters` tells of: a filter, or of each preference the head of its filters.
  static func readFilter(_ message: NetlinkReader.Message) -> TrafficFilter? {
    guard message.type == newFilter, let handle = message.content.number(8, as: UInt32.self),
      let info = message.content.number(16, as: UInt32.self)
    else { return nil }
    let attributes = message.attributes(after: 20)
    let kind = String(decoding: (attributes[1] ?? []).prefix { $0 != 0 }, as: UTF8.self)
    let options = NetlinkReader.attributes(attributes[2] ?? [])
    let preference = UInt16(truncatingIfNeeded: info >> 16)
    return TrafficFilter(
      preference: preference, kind: kind, handle: handle,
      isIngressDrop: preference == dropPreference && handle == dropHandle && kind == "bpf"
        && options[5].map { $0.elementsEqual(dropProgram) } ?? false
        && options[8]?.number(0, as: UInt32.self) == directAction)
  }

  private static func appendTraffic(
    _ message: inout NetlinkMessage, link: UInt32, handle: UInt32, parent: UInt32, info: UInt32
  ) {
    message.append(UInt32(0))
    message.append(link)
    message.append(handle)
    message.append(parent)
    message.append(info)
  }
}

/// A filter of a device's traffic (tc).
struct TrafficFilter: Equatable {
  let preference: UInt16
  let kind: String
  /// 0 if it is the head of a preference's filters.
  let handle: UInt32
  /// Whether it is what `RouteMessage.ingressDrop` adds.
  let isIngressDrop: Bool
}
