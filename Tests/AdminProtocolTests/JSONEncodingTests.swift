import AdminProtocol
import Testing

@Suite struct JSONEncodingTests {
  static let encoded: [(value: JSONValue, text: String)] = [
    (.null, "null"), (true, "true"), (-5, "-5"), (.unsigned(.max), "18446744073709551615"),
    (0.1, "0.1"), (1e100, "1e+100"), (.double(.infinity), "null"), (.double(.nan), "null"),
    ("", #""""#), ("\"\\\n\r\t\u{1}\u{1F}", #""\"\\\n\r\t\u0001\u001f""#),
    ("é/\u{7F}", "\"é/\u{7F}\""),
    ([], "[]"), ([1, [], "a"], #"[1,[],"a"]"#), ([:], "{}"),
    (["z": 1, "a": ["y": .null, "b": 2]], #"{"z":1,"a":{"y":null,"b":2}}"#),
  ]

  @Test(arguments: encoded)
  func valuesAreWrittenOnOneLineInOrder(value: JSONValue, text: String) {
    #expect(value.encodedText == text)
  }

  @Test func settingAMemberKeepsItsPlace() {
    var object = JSONObject([("a", 1), ("b", 2)])
    object["a"] = 3
    object["c"] = .null
    #expect(JSONValue.object(object).encodedText == #"{"a":3,"b":2,"c":null}"#)
    object["b"] = nil
    #expect(object.keys == ["a", "c"])
  }
}
