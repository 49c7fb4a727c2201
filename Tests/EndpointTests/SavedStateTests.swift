import AdminProtocol
import Testing
import Wire

@testable import Endpoint

@Suite struct SavedStateTests {
  /// As the first version writes it: what a version saved, later ones must be able to undo.
  static let text =
    #"{"version":1,"device":"eth0","interface":4,"complete":true,"made_hook":true,"#
    + #""appliances":["02:00:00:00:00:01"],"client_prefixes":["203.0.113.0/24"],"#
    + #""host":{"mac":"02:00:00:00:00:11","mtu":1504,"addresses":["127.0.0.0/8","::1/128"]},"#
    + #""settings":[{"kind":"feature","name":"tx-tcp-segmentation","was":1,"set":0},"#
    + #"{"kind":"link","name":"gso_max_segs","was":65535,"set":1},"#
    + #"{"kind":"arp","name":"arp_ignore","was":0,"set":1}]}"#

  static func state() throws -> SavedState {
    SavedState(
      device: "eth0", interface: 4, isComplete: true, madeHook: true,
      appliances: ["02:00:00:00:00:01"], clientPrefixes: ["203.0.113.0/24"],
      host: HostView(
        mac: MACAddress(word: 0x1100_0000_0002), mtu: 1504,
        addresses: [
          try AddressPrefix(network: "127.0.0.0/8"), try AddressPrefix(network: "::1/128"),
        ]),
      settings: [
        SavedSetting(setting: .feature("tx-tcp-segmentation"), was: 1, set: 0),
        SavedSetting(setting: .gsoMaxSegments, was: 65535, set: 1),
        SavedSetting(setting: .arp(.ignore), was: 0, set: 1),
      ])
  }

  @Test func isWrittenAsItAlwaysWas() throws {
    #expect(try SavedStateTests.state().json.encodedText == SavedStateTests.text)
  }

  @Test func isReadBack() throws {
    let json = try JSONValue(parsing: SavedStateTests.text)
    #expect(SavedState(json) == (try SavedStateTests.state()))
  }

  /// Half a state would put half of the device back.
  @Test(arguments: [
    "version", "device", "interface", "complete", "made_hook", "appliances", "client_prefixes",
    "host", "settings",
  ])
  func everyKeyIsNeeded(_ key: String) throws {
    var object = try #require(try JSONValue(parsing: SavedStateTests.text).objectValue)
    object[key] = nil
    #expect(SavedState(.object(object)) == nil)
  }

  @Test(arguments: [
    ("\"version\":1", "\"version\":2"), ("\"kind\":\"link\"", "\"kind\":\"what\""),
    ("\"name\":\"arp_ignore\"", "\"name\":\"../../x\""), ("\"was\":65535", "\"was\":-1"),
    ("\"mtu\":1504", "\"mtu\":\"1504\""), ("\"interface\":4", "\"interface\":4294967296"),
  ])
  func whatIsOtherwiseIsNotRead(_ part: String, _ other: String) throws {
    let text = SavedStateTests.text.split(separator: part, omittingEmptySubsequences: false)
    #expect(text.count == 2)
    #expect(SavedState(try JSONValue(parsing: text.joined(separator: other))) == nil)
  }

  @Test func differencesOfTheHostAreNamed() throws {
    let host = try SavedStateTests.state().host
    #expect(host.differences(from: host) == [])
    var other = host
    other.addresses.reverse()
    #expect(host.differences(from: other) == [])
    other.addresses.removeLast()
    #expect(host.differences(from: other) == ["addresses"])
    other.mtu = 1500
    other.mac = MACAddress(word: 2)
    #expect(host.differences(from: other) == ["mac", "mtu", "addresses"])
  }
}
