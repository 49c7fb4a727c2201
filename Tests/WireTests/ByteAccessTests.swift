import Testing

@testable import Wire

@Suite struct ByteAccessTests {
  @Test func loadsAtAnyOffset() {
    let bytes = hex("00 01 23 45 67 89 ab cd ef")
    bytes.withUnsafeBytes {
      let base = $0.baseAddress!
      #expect(base.load8(2) == 0x23)
      #expect(base.load16(0) == 0x0001)
      #expect(base.load16(1) == 0x0123)
      #expect(base.load32(0) == 0x0001_2345)
      #expect(base.load32(5) == 0x89ab_cdef)
    }
  }

  @Test func storesAtAnyOffset() {
    let stored = changing([UInt8](repeating: 0xff, count: 9)) {
      $0.store8(0x12, 0)
      $0.store16(0x3456, 1)
      $0.store32(0x789a_bcde, 5)
    }
    #expect(stored == hex("12 3456 ffff 789abcde"))
  }
}
