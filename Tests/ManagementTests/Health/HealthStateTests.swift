import Snapshots
import Testing

@testable import Management

/// `+` a good answer, `-` a bad one, `?` a check that could not be made.
func results(_ text: String) -> [CheckResult] {
  text.map { $0 == "+" ? .good : $0 == "-" ? .bad("refused") : .unable("no socket") }
}

@Suite struct HealthStateTests {
  /// What the health is after each answer: `u` unknown, `+` up, `-` down.
  @Test(
    arguments: [
      // rise and fall, answers, health after each
      (2, 3, "++", "u+"), (1, 1, "+-+", "+-+"), (2, 3, "---", "uu-"),
      // A streak counts from its beginning: one good answer among bad ones starts them anew.
      (2, 3, "++--+---", "u+++++" + "+-"), (2, 3, "---+-+-++", "uu-" + "-----+"),
      (3, 2, "++-+++", "uuuuu+"), (255, 1, "-+", "--"),
      // What could not be asked neither counts nor breaks a streak.
      (2, 3, "+?+", "uu+"), (2, 3, "--?-", "uuu-"), (1, 1, "???", "uuu"), (1, 2, "+-??-", "++++-"),
    ])
  func thresholds(rise: Int, fall: Int, answers: String, expected: String) {
    var state = HealthState()
    var seen = ""
    for result in results(answers) {
      let before = state.health
      let changed = state.take(result, rise: rise, fall: fall)
      #expect(changed == (state.health != before))
      seen += state.health == .unknown ? "u" : state.health == .up ? "+" : "-"
    }
    #expect(seen == expected)
  }

  @Test func healthThatWasKnownHoldsUntilTheThreshold() {
    var state = HealthState(.down)
    #expect(state.take(.good, rise: 2, fall: 3) == false)
    #expect(state.health == .down)
    #expect(state.take(.good, rise: 2, fall: 3) == true)
    #expect(state.health == .up)
  }
}
