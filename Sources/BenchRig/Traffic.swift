/// Streams of frames, drawn at random by their shares.
package struct Traffic {
  package struct Stream {
    let writer: FrameWriter
    /// How often it is drawn, relative to the others.
    let share: Int
    /// The flows: drawn at random from `first ..< end`, or one after the other from `first` on, and
    /// from `end` back to `first`.
    let first: UInt32
    let end: UInt32
    let isSequential: Bool
    var position: UInt32
    /// Frames written.
    package var sent: UInt64 = 0

    package init(
      _ kind: FrameKind, share: Int = 1, flows: Range<Int>, isSequential: Bool = false
    ) {
      writer = FrameWriter(kind)
      self.share = share
      first = UInt32(flows.lowerBound)
      end = UInt32(flows.upperBound)
      self.isSequential = isSequential
      position = first
    }

    package var kind: FrameKind { writer.kind }

    fileprivate mutating func nextFlow(_ word: UInt64) -> UInt32 {
      guard isSequential else {
        return first &+ UInt32(UInt64(end &- first).multipliedFullWidth(by: word).high)
      }
      let flow = position
      position = position &+ 1 == end ? first : position &+ 1
      return flow
    }
  }

  package private(set) var streams: [Stream]
  private let total: Int
  private var random = SplitMix()

  package init(_ streams: [Stream]) {
    precondition(!streams.isEmpty && streams.count <= 255)
    self.streams = streams
    total = streams.reduce(0) { $0 + $1.share }
  }

  /// Writes the next frame.
  ///
  /// - Parameter stream: which one's; nil draws one
  /// - Returns: the frame's length
  package mutating func next(_ frame: UnsafeMutableRawPointer, stream: Int? = nil) -> Int {
    let place = stream ?? draw()
    let flow = streams[place].nextFlow(random.next())
    streams[place].sent &+= 1
    streams[place].writer.write(flow, to: frame)
    return streams[place].writer.length
  }

  /// Writes the frame of a flow of one stream, or of one that is drawn.
  package mutating func frame(
    of flow: UInt32, stream: Int?, to frame: UnsafeMutableRawPointer
  ) -> Int {
    let place = stream ?? draw()
    streams[place].writer.write(flow, to: frame)
    return streams[place].writer.length
  }

  private mutating func draw() -> Int {
    var left = Int(UInt64(total).multipliedFullWidth(by: random.next()).high)
    var place = 0
    while left >= streams[place].share {
      left &-= streams[place].share
      place &+= 1
    }
    return place
  }

  /// Frames written, of all streams or of those that a test picks.
  package func sent(where isMeant: (Stream) -> Bool = { _ in true }) -> UInt64 {
    streams.reduce(0) { isMeant($1) ? $0 + $1.sent : $0 }
  }
}

/// SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014): the
/// same numbers in every run.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64 = 1

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
    return word ^ word >> 31
  }
}
