import Testing

@testable import Management

@Suite struct RetiredSlotsTests {
  @Test func eachSinceItLeft() {
    var retired = RetiredSlots()
    retired.note([], snapshot: 1)
    #expect(retired.since == [:])
    retired.note([7], snapshot: 2)
    retired.note([7, 9], snapshot: 3)
    #expect(retired.since == [7: 2, 9: 3])
    retired.remove(7)
    retired.note([9], snapshot: 4)
    #expect(retired.since == [9: 3])
  }

  /// In snapshot 3 it takes sessions again, so that being past snapshot 1 is not enough.
  @Test func leavingAgainBeginsAnew() {
    var retired = RetiredSlots()
    retired.note([7], snapshot: 2)
    retired.note([], snapshot: 3)
    retired.note([7], snapshot: 4)
    #expect(retired.since == [7: 4])
  }
}
