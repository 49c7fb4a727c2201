/// What a stream's frames have in common.
package struct FrameKind: Sendable {
  package enum Direction: Sendable { case toServer, toClient }

  package var direction: Direction
  package var isLabelled: Bool
  package var isIPv6: Bool
  /// TCP SYN in place of UDP.
  package var isSYN: Bool
  /// Bytes of the whole frame as it lies in memory, without its check sequence.
  package var length: Int

  package init(
    _ direction: Direction, isLabelled: Bool = false, isIPv6: Bool = false, isSYN: Bool = false,
    length: Int = 64
  ) {
    self.direction = direction
    self.isLabelled = isLabelled
    self.isIPv6 = isIPv6
    self.isSYN = isSYN
    self.length = length
  }
}
