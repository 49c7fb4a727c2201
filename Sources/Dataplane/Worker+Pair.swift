import Labels
import Sessions
import Snapshots
import Wire

extension Worker {
  /// Gives a session a pair if one of its hosts is a label endpoint and none was found exhausted
  /// before. While the session is embryonic the share is asked; afterwards it has earned one.
  @inline(never)
  mutating func offerPair(_ session: UInt32) {
    let record = self.record(session)
    guard
      record.pointee.flags & (SessionFlags.serverLabelled | SessionFlags.clientLabelled) != 0,
      !record.pointee.has(SessionFlags.exhaustedCounted)
    else { return }
    switch labels.take(now: tick, pastShare: record.pointee.state != .embryonic) {
    case .pair(let pair):
      if labels.nextFree != noIndex { prefetchPair(labels.nextFree) }
      record.pointee.pair = pair
      labels.setSession(pair, session)
      if record.pointee.state != .embryonic {
        labels.promote(pair, isAnalysed: record.pointee.state == .sampled)
      }
      if record.pointee.state == .closing { labels.close(pair) }
      publish(session)
    case .exhausted:
      record.pointee.set(SessionFlags.exhaustedCounted)
      count(.labelExhausted)
    case .embryonicFull:
      if !record.pointee.has(SessionFlags.embryonicFullCounted) {
        record.pointee.set(SessionFlags.embryonicFullCounted)
        count(.labelEmbryonicFull)
      }
    }
  }

  /// Writes the pair's two entries: the way to each host, and whether it is a label endpoint.
  @inline(__always)
  mutating func publish(_ session: UInt32) {
    let record = self.record(session)
    let guards = self.guards(record)
    let toServer = record.pointee.adjacencyToServer
    let toClient = record.pointee.adjacencyToClient
    labels.publish(
      record.pointee.pair,
      c2s: LabelEntry(
        state: .embryonic, pop: !record.pointee.has(SessionFlags.serverLabelled),
        port: adjacency(toServer).pointee.port, adjacency: toServer, guardWord: guards.c2s),
      s2c: LabelEntry(
        state: .embryonic, pop: !record.pointee.has(SessionFlags.clientLabelled),
        port: adjacency(toClient).pointee.port, adjacency: toClient, guardWord: guards.s2c))
  }

  /// What the packets of each direction must show.
  @inline(__always)
  private func guards(
    _ record: UnsafeMutablePointer<SessionRecord>
  ) -> (c2s: UInt32, s2c: UInt32) {
    if record.pointee.family == 4 {
      let addresses =
        UInt64(record.pointee.client.ipv4Word) | UInt64(record.pointee.virtual.ipv4Word) << 32
      // As numbers the virtual port is the high half; on the wire what comes first is the low one.
      let ports = record.pointee.ports.byteSwapped
      let number = record.pointee.protocolNumber
      return (
        shared.guardDigest.word(
          addresses: addresses, ports: ports &>> 16 | ports &<< 16, protocolNumber: number),
        shared.guardDigest.word(
          addresses: addresses &>> 32 | addresses &<< 32, ports: ports, protocolNumber: number)
      )
    }
    let tuple = record.pointee.tuple
    let reversed = tuple.reversed
    return (
      shared.guardDigest.word(
        source: tuple.source, destination: tuple.destination, sourcePort: tuple.sourcePort,
        destinationPort: tuple.destinationPort, protocolNumber: record.pointee.protocolNumber),
      shared.guardDigest.word(
        source: reversed.source, destination: reversed.destination,
        sourcePort: reversed.sourcePort, destinationPort: reversed.destinationPort,
        protocolNumber: record.pointee.protocolNumber)
    )
  }
}
