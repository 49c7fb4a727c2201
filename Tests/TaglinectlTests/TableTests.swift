import Testing

@testable import taglinectl

@Suite struct TableTests {
  @Test func wordsStandLeftAndNumbersRight() {
    var table = Table([.left("NAME"), .right("COUNT"), .left("NOTE")])
    table.add(["a", "7", "first"])
    table.add(["longer", "123456", ""])
    table.add(["b"])
    #expect(
      table.text == """
        NAME     COUNT  NOTE
        a            7  first
        longer  123456
        b

        """)
  }

  @Test func controlCharactersCannotReachTheTerminal() {
    var table = Table([.left("N")])
    table.add(["a\u{1B}[2J\n\u{9B}b"])
    #expect(table.text == "N\na?[2J??b\n")
  }

  @Test func aTableWithoutRowsHasItsTitles() {
    #expect(Table([.left("A"), .right("B")]).text == "A  B\n")
  }
}
