import AdminProtocol
import Testing

@Suite struct JSONParsingTests {
  /// Texts by RFC 8259's grammar.
  static let accepted: [(text: String, value: JSONValue)] = [
    ("null", .null), (" true\t", true), ("\r\nfalse\n", false),
    ("0", 0), ("-0", 0), ("-1", -1), ("12.5", 12.5), ("1e3", 1000.0), ("1E+2", 100.0),
    ("25e-1", 2.5), ("-0.0", -0.0), ("0e0", 0.0),
    (#""""#, ""), (#""a\"\\\/\b\f\n\r\t""#, "a\"\\/\u{8}\u{C}\n\r\t"),
    (#""\u0041\u00e9\u00E9\u20ac""#, "A\u{E9}\u{E9}\u{20AC}"),
    (#""\ud834\udd1e""#, "\u{1D11E}"), (#""\u0000""#, "\u{0}"), ("\"\u{7F}é€\"", "\u{7F}é€"),
    ("[]", []), ("[ ]", []), ("[1 , [2],{}]", [1, [2], [:]]),
    ("{}", [:]), (#"{ "a" : 1 , "b":{"c":[]}}"#, ["a": 1, "b": ["c": []]]),
  ]

  @Test(arguments: accepted)
  func goodTextIsRead(text: String, value: JSONValue) throws {
    #expect(try JSONValue(parsing: text) == value)
  }

  static let refused = [
    "", " ", "nul", "nulll", "True", "+1", "01", "-", "-01", "1.", ".5", "1.e1", "1e", "1e+", "0x1",
    "NaN", "Infinity", "1e999", "\"", "\"a", #""\x""#, #""\u12"#, #""\u12g4""#, #""\"#, "'a'",
    "\"a\u{1}\"", "\"\t\"", "\"\n\"", #""\ud800""#, #""\ud800a""#, #""\udc00""#, #""\ud800\u0041""#,
    #""\ud800\ud800""#, "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", "}", "{1:2}",
    #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{"a":1"#, #"{"a" 1}"#, #"{a:1}"#, "[1}", "1 2", "[]]",
    "// x\n1", "\u{FEFF}1", "\u{A0}1", "\u{0}",
  ]

  @Test(arguments: refused)
  func badTextIsRefused(text: String) {
    #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text) }
  }

  /// Overlong, truncated, surrogate and too large code points, and a lone continuation byte.
  static let invalidUTF8: [[UInt8]] = [
    [0xC0, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80], [0xFF],
  ]

  @Test(arguments: invalidUTF8)
  func invalidUTF8IsRefused(bytes: [UInt8]) {
    #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: [0x22] + bytes + [0x22]) }
  }

  @Test func theErrorNamesItsPlace() {
    #expect {
      try JSONValue(parsing: "[1, x]")
    } throws: {
      "\($0)" == "a value was expected, at byte 5"
    }
  }

  @Test func nestingIsBounded() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    let deepest = try JSONValue(parsing: nested(128))
    #expect(deepest.encodedText == nested(128))
    #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: nested(129)) }
    #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: nested(100_000)) }
    #expect(throws: JSONSyntaxError.self) {
      try JSONValue(parsing: String(repeating: "[", count: 1_000_000))
    }
    #expect(throws: JSONSyntaxError.self) {
      try JSONValue(parsing: String(repeating: #"{"a":"#, count: 100_000))
    }
    // Depth is what counts, not how many arrays there are.
    let wide = "[" + [String](repeating: "[]", count: 1_000).joined(separator: ",") + "]"
    #expect(try JSONValue(parsing: wide).arrayValue?.count == 1_000)
  }

  @Test func integersKeepAllTheirDigits() throws {
    for text in [
      "9223372036854775807", "-9223372036854775808", "9223372036854775808",
      "18446744073709551615", "9007199254740993",
    ] {
      #expect(try JSONValue(parsing: text).encodedText == text)
    }
    #expect(JSONValue(UInt64.max) == .unsigned(18_446_744_073_709_551_615))
    #expect(JSONValue(UInt64(7)) == .integer(7))
    #expect(try JSONValue(parsing: "18446744073709551616") == .double(18_446_744_073_709_551_616))
    #expect(JSONValue.unsigned(5) == 5)
    #expect(JSONValue.unsigned(UInt64.max) != -1)
    #expect(try JSONValue(parsing: "3.0").intValue == 3)
    #expect(try JSONValue(parsing: "3.5").intValue == nil)
    #expect(try JSONValue(parsing: "1e300").intValue == nil)
    #expect(JSONValue.unsigned(.max).intValue == nil)
  }

  @Test func ofAKeyGivenTwiceTheLastCounts() throws {
    let value = try JSONValue(parsing: #"{"a":1,"b":2,"a":3}"#)
    #expect(value["a"] == 3)
    #expect(value == ["b": 2, "a": 3])
  }

  /// Random bytes and random pieces of JSON neither crash nor are taken for what they are not: what
  /// is accepted reads the same again from its own text.
  @Test func randomTextIsReadOrRefused() throws {
    var state: UInt64 = 42
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let pieces = [
      "[", "]", "{", "}", ",", ":", "\"", "\\", "\\u", "d800", "1", "-", ".", "e", "0", " ", "null",
      "true", "\"a\"", "\u{E9}", "\n",
    ].map { Array($0.utf8) }
    var acceptedCount = 0
    for round in 0..<200_000 {
      var bytes: [UInt8] = []
      for _ in 0..<1 + random(8) {
        bytes += round % 2 == 0 ? [UInt8(random(256))] : pieces[random(pieces.count)]
      }
      guard let value = try? JSONValue(parsing: bytes) else { continue }
      acceptedCount += 1
      #expect(try JSONValue(parsing: value.encoded) == value)
    }
    #expect(acceptedCount > 1_000)
  }
}
