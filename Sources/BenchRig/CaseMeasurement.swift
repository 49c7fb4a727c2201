/// What a case's rounds gave: nanoseconds a packet, a value a round.
package struct CaseMeasurement: Sendable {
  package var worker: [Double] = []
  package var macswap: [Double] = []
  /// Rounds in which the manager did nothing, of the cases in which it does something.
  package var undisturbed: [Double] = []
  /// Snapshots that were published in the others.
  package var publications = 0
  /// Packets that the worker handled in all rounds.
  package var packets = 0
  /// Those that did not come out again.
  package var lost = 0
  /// Whether the worker had its processor to itself, the manager another.
  package var hasOwnCore = false
  /// Lines about memory and ports.
  package var lines: [String] = []

  package init() {}

  package var hugePages: Bool { lines.first?.hasPrefix("memory: huge pages") ?? false }
}

package struct MeasurementOptions: Sendable {
  package var name: String
  package var n: Int
  package var isRing: Bool
  package var rounds = 11
  /// Packets of a round.
  package var packets = 1_000_000
  /// auto, none or required.
  package var hugePages = "auto"
  /// Whether only the worker's own work is done, for counting instructions.
  package var isCounting = false
  /// A folder for captures, which the caller makes and removes.
  package var folder = ""

  package init(name: String, n: Int, isRing: Bool) {
    self.name = name
    self.n = n
    self.isRing = isRing
  }
}
