import AdminProtocol
import Testing

@testable import Management

/// The parameters of `capture.start`.
@Suite struct CaptureRequestTests {
  @Test func defaultsEndAForgottenCapture() throws {
    let request = try CaptureRequest(["file": "/tmp/a"])
    #expect(request.file == "/tmp/a")
    #expect(request.ports == nil)
    #expect(request.direction == .both)
    #expect(request.filter == "")
    #expect(request.snapLength == 262_144)
    #expect(request.limits.packets == nil)
    #expect(request.limits.seconds == 600)
    #expect(request.limits.bytes == 1_073_741_824)
  }

  @Test func everythingCanBeSaid() throws {
    let request = try CaptureRequest([
      "file": "/a b", "ports": ["back", "front"], "direction": "out", "filter": "tcp",
      "snap_length": 96, "packets": 3, "seconds": 2, "bytes": 4096,
    ])
    #expect(request.ports == ["back", "front"])
    #expect(request.direction == .outbound)
    #expect(request.filter == "tcp")
    #expect(request.snapLength == 96)
    #expect(request.limits == .init(packets: 3, seconds: 2, bytes: 4096))
  }

  static let refused: [(params: JSONValue, word: String)] = [
    ([:], "'file' is missing"),
    (["file": "a.pcapng"], "absolute"),
    (["file": ""], "absolute"),
    (["file": 3], "'file' must be a string"),
    (["file": "/a", "ports": "front"], "'ports' must be an array of strings"),
    (["file": "/a", "ports": ["front", 1]], "'ports' must be an array of strings"),
    (["file": "/a", "ports": []], "one port or more"),
    (["file": "/a", "ports": ["front", "front"]], "each once"),
    (["file": "/a", "direction": "up"], "direction is up; expected in, out or both"),
    (["file": "/a", "snap_length": 0], "from 1 to 262144"),
    (["file": "/a", "packets": 0], "'packets' must be a whole number from 1"),
    (["file": "/a", "seconds": 0], "'seconds' must be a whole number from 1"),
    (["file": "/a", "bytes": 4095], "'bytes' must be a whole number from 4096"),
    (["file": "/a", "snaplen": 96], "there is no parameter 'snaplen'"),
  ]

  @Test(arguments: refused)
  func whatIsWrongIsSaid(params: JSONValue, word: String) {
    let error = #expect(throws: AdminError.self) { try CaptureRequest(params) }
    #expect(error?.code == AdminError.invalidParametersCode)
    #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
  }
}
