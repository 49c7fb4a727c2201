/// Why a packet was dropped. This one list yields each reason's code (the raw value), its counter
/// (`drop.` and the name) and its text.
///
/// A raw value of 0 is left free, so that a stored code can say "not dropped".
public enum DropReason: UInt8, CaseIterable, Sendable {
  // Link layer
  case frameShort = 1
  case chain
  case foreignMAC
  case linkMulticast
  case vlan
  case arp
  case ethertype
  // Labels
  case labelShort
  case labelReserved
  case labelStack
  case labelPayload
  case labelUnknown
  case ttl
  // IP
  case ipShort
  case ipVersion
  case ipHeaderLength
  case ipTotalLength
  case ipChecksum
  case ipExtension
  case ipAddress
  case fragmentMalformed
  case fragmentUnknown
  // Transport
  case `protocol`
  case transportShort
  case tcpOffset
  case tcpFlags
  case udpLength
  case icmpQuote
  case icmp
  // Sessions
  case notService
  case notServer
  case wrongSide
  case noSession
  case refused
  case serverDown
  // Forwarding
  case noNextHop
  case oversize
  case handoverFull
  case noBuffer
  // The kernel twin
  case kernelLimit
  case kernelFull
  // Health checks along the path
  case probe

  /// The counter's name after `drop.`.
  public var name: String { entry.name }

  /// What happened, for people.
  public var text: String { entry.text }

  private var entry: (name: String, text: String) {
    switch self {
    case .frameShort: ("frame_short", "shorter than its link header")
    case .chain: ("chain", "buffer chain contradicts its length or splits a header")
    case .foreignMAC: ("foreign_mac", "not for this port's MAC address")
    case .linkMulticast: ("link_multicast", "unicast packet in a link-layer multicast frame")
    case .vlan: ("vlan", "VLAN tag is not the port's")
    case .arp: ("arp", "ARP on a port without a kernel twin")
    case .ethertype: ("ethertype", "neither IP nor unicast MPLS")
    case .labelShort: ("label_short", "cut short within the label stack or right behind it")
    case .labelReserved: ("label_reserved", "reserved label that is not explicit null")
    case .labelStack: ("label_stack", "session label is not the last of its stack")
    case .labelPayload: ("label_payload", "what follows the label is not the IP it promises")
    case .labelUnknown: ("label_unknown", "unknown label, and labels.unknown is discard")
    case .ttl: ("ttl", "time to live ends here")
    case .ipShort: ("ip_short", "cut short within the IP header")
    case .ipVersion: ("ip_version", "IP version contradicts the ethertype")
    case .ipHeaderLength: ("ip_header_length", "IPv4 header length below 20 or past the packet")
    case .ipTotalLength: ("ip_total_length", "IP length contradicts the frame's")
    case .ipChecksum: ("ip_checksum", "IPv4 header checksum is wrong")
    case .ipExtension: ("ip_extension", "IPv6 extension headers cut short, misplaced or too many")
    case .ipAddress: ("ip_address", "source address cannot be a source, or equals the destination")
    case .fragmentMalformed: ("fragment_malformed", "fragment too small, misaligned or too far out")
    case .fragmentUnknown: ("fragment_unknown", "fragment whose first was not seen")
    case .protocol: ("protocol", "upper-layer protocol is not TCP, UDP or ICMP")
    case .transportShort: ("transport_short", "cut short within the transport header")
    case .tcpOffset: ("tcp_offset", "TCP data offset below 20 bytes or past the segment")
    case .tcpFlags: ("tcp_flags", "TCP flags contradict each other")
    case .udpLength: ("udp_length", "UDP length contradicts IP's")
    case .icmpQuote: ("icmp_quote", "ICMP error whose quoted packet cannot be read")
    case .icmp: ("icmp", "ICMP about no session, and not for a kernel twin")
    case .notService: ("not_service", "neither to nor from a service")
    case .notServer: ("not_server", "from a service's address but not from one of its servers")
    case .wrongSide: ("wrong_side", "client's packet on a server port or the reverse")
    case .noSession: ("no_session", "TCP segment that neither belongs to a session nor starts one")
    case .refused: ("refused", "new session refused by admission")
    case .serverDown: ("server_down", "of a session whose server is down, and which is reset then")
    case .noNextHop: ("no_next_hop", "next hop's address is not known")
    case .oversize: ("oversize", "larger than the link takes, and may not be fragmented")
    case .handoverFull: ("handover_full", "the ring to the owning worker is full")
    case .noBuffer: ("no_buffer", "no packet buffer left")
    case .kernelLimit: ("kernel_limit", "more for the kernel than kernel-packets-per-second")
    case .kernelFull: ("kernel_full", "the ring to the kernel is full")
    case .probe: ("probe", "of a health check that is not under way, or more than one asks for")
    }
  }
}
