import Testing

@testable import Wire

@Suite struct DropReasonTests {
  @Test func codesAreUniqueAndNotZero() {
    let codes = Set(DropReason.allCases.map(\.rawValue))
    #expect(codes.count == DropReason.allCases.count)
    #expect(!codes.contains(PacketParser.accepted))
  }

  @Test func namesAreUniqueSnakeCase() {
    let names = DropReason.allCases.map(\.name)
    #expect(Set(names).count == names.count)
    for name in names {
      #expect(name.wholeMatch(of: /[a-z]+(_[a-z]+)*/) != nil, "\(name)")
    }
  }

  /// A name says what its case does.
  @Test(arguments: DropReason.allCases)
  func nameIsTheCase(reason: DropReason) {
    let joined = reason.name.split(separator: "_").joined()
    #expect(joined == "\(reason)".lowercased())
  }

  @Test func textsAreUnique() {
    let texts = DropReason.allCases.map(\.text)
    #expect(Set(texts).count == texts.count)
    #expect(texts.allSatisfy { !$0.isEmpty && !$0.hasSuffix(".") })
  }
}
