import Balancing
import CDPDKShim
import Snapshots
import Wire

extension Worker {
  /// Whether the packet may be answered (protocol section 3.10) and the token bucket has a token.
  /// Multicast frames do not come this far, but the sender's address may be no host's.
  private mutating func mayAnswer(_ frame: Frame, _ packet: ParsedPacket) -> Bool {
    guard !packet.has(ParsedPacket.icmpError | ParsedPacket.laterFragment),
      !packet.hasTCPFlag(TCPFlags.rst), !packet.destination.isMulticast,
      !MACAddress(word: frame.sourceMAC).isMulticast
    else { return false }
    return admission.mayAnswer(
      rate: snapshot.settings.pointee.answersPerSecond, loads: shared.loads, now: now)
  }

  /// Turns a TCP segment into the RST that answers it, in its own buffer; false leaves it as it is.
  mutating func answerReset(_ frame: Frame, _ packet: ParsedPacket) -> Bool {
    guard mayAnswer(frame, packet) else { return false }
    let sender = frame.sourceMAC
    Answer.writeReset(frame.data + frame.ip, to: packet)
    let end = frame.ip &+ Answer.resetLength(family: packet.family)
    shim_mbuf_truncate(frame.mbuf, UInt16(truncatingIfNeeded: end))
    sendAnswer(frame, to: sender, ip: frame.ip, family: packet.family)
    return true
  }

  /// Turns a packet into an ICMP error that quotes it, in its own buffer; false leaves it as it is.
  mutating func answerError(
    _ frame: Frame, _ packet: ParsedPacket, type: UInt8, code: UInt8, parameter: UInt32
  ) -> Bool {
    let headerLength = Answer.errorHeaderLength(family: packet.family)
    let start = frame.ip &- headerLength
    // The longest link header is 18 bytes.
    guard start &- 18 >= -Int(shim_mbuf_headroom(frame.mbuf)), mayAnswer(frame, packet) else {
      return false
    }
    let sender = frame.sourceMAC
    let quoteLength = min(
      Int(packet.ipLength), frame.available &- frame.ip,
      Answer.errorQuoteLimit(family: packet.family))
    shim_mbuf_truncate(frame.mbuf, UInt16(truncatingIfNeeded: frame.ip &+ quoteLength))
    Answer.writeError(
      frame.data + start, quoteLength: quoteLength, about: packet, type: type, code: code,
      parameter: parameter)
    sendAnswer(frame, to: sender, ip: start, family: packet.family)
    return true
  }

  /// ICMP port unreachable (RFC 792 3/3, RFC 4443 1/4).
  mutating func answerPortUnreachable(_ frame: Frame, _ packet: ParsedPacket) -> Bool {
    answerError(
      frame, packet, type: packet.family == 4 ? 3 : 1, code: packet.family == 4 ? 3 : 4,
      parameter: 0)
  }

  /// Sends an answer back to where the packet came from.
  private mutating func sendAnswer(_ frame: Frame, to sender: UInt64, ip: Int, family: UInt8) {
    var adjacency = Adjacency(
      destination: sender, port: UInt8(truncatingIfNeeded: frame.port),
      egress: port(frame.port).pointee)
    let isWritten = withUnsafePointer(to: &adjacency) { adjacency in
      writeLink(
        frame.mbuf, frame.data, adjacency,
        ethertype: family == 4 ? WireEthertype.ipv4 : WireEthertype.ipv6, before: ip)
    }
    guard isWritten else { return }
    count(.answerPackets)
    send(frame.mbuf, port: frame.port)
  }
}
