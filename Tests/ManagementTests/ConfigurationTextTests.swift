import Foundation
import TestSupport
import Testing

@testable import Management

@Suite struct ConfigurationTextTests {
  @Test(arguments: [contractPage, rightConfiguration])
  func writtenAndReadAgain(_ text: String) throws {
    let configuration = try readRight(text)
    #expect(try readRight(configuration.text) == configuration)
  }

  /// Names and devices with everything that YAML might take for something else.
  @Test(arguments: [
    "yes", "~", "12", "a: b", "#", "\"", "\\", "é", "'", "{}", "a\u{1}b", "a\nb", "\u{2028}",
  ])
  func awkwardDevices(_ device: String) throws {
    var configuration = try readRight(rightConfiguration)
    configuration.workers = nil
    configuration.ports[0].device = device
    configuration.metrics = Configuration.SocketAddress("[::1]:9")
    configuration.memory.mbufs = 600
    #expect(try readRight(configuration.text) == configuration)
  }

  @Test func whatIsShown() throws {
    let shown = try readRight(
      "ports: [{name: p, device: d}]\nservices: [{name: s, address: 203.0.113.1, protocol: udp, "
        + "port: any, servers: [{name: a, address: 192.0.2.1, mac: '02:00:00:00:00:11'}]}]"
    ).text
    #expect(shown.contains("\nlabels:\n  range: 17-1048573\n  first: random\n"))
    #expect(shown.contains("\n  tcp-established: 15m\n"))
    #expect(shown.hasSuffix("        weight: 1\n        labels: true\n        max-sessions: 0\n"))
  }

  /// Every spoiled byte ends as a configuration or as lines with places, never as a crash.
  @Test(arguments: 0..<8)
  func spoiledBytes(seed: Int) {
    var random = SplitMix(state: UInt64(seed))
    let line = /t\.yaml:[1-9][0-9]*:[1-9][0-9]*: .*; expected .*/
    let alphabet = Array("\n\t :-[]{}#&*!|>'\"%@`,?0a~<\u{0}é\u{feff}".unicodeScalars)
    for _ in 0..<100 {
      var scalars = Array(contractPage.unicodeScalars)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let at = Int.random(in: 0..<scalars.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: scalars[at] = alphabet.randomElement(using: &random) ?? "a"
        case 1: scalars.remove(at: at)
        default: scalars.insert(alphabet.randomElement(using: &random) ?? "a", at: at)
        }
      }
      var text = ""
      text.unicodeScalars.append(contentsOf: scalars)
      for refusal in refusals(text) {
        #expect(refusal.wholeMatch(of: line) != nil, "\(refusal)")
      }
    }
  }

  @Test func files() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("tagline-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("t.yaml")
    func refused(_ bytes: [UInt8]) throws -> [String] {
      try Data(bytes).write(to: file)
      guard case .failure(let errors) = Configuration.read(file: file.path) else { return [] }
      return errors.lines
    }
    #expect(try refused(Array(contractPage.utf8)) == [])
    #expect(
      try refused([]) == [
        "\(file.path):1:1: the file is empty; expected a mapping with ports and services"
      ])
    #expect(
      try refused(Array("workers: 1\r\n# é".utf8) + [0xff, 0x0a]) == [
        "\(file.path):2:4: a byte that is not UTF-8; expected YAML in UTF-8"
      ])
    guard case .failure(let directory) = Configuration.read(file: folder.path),
      case .failure(let missing) = Configuration.read(file: "\(folder.path)/none")
    else {
      Issue.record("neither is a file")
      return
    }
    #expect(
      directory.lines == ["\(folder.path): cannot be read: Is a directory; expected YAML"])
    #expect(
      missing.lines == [
        "\(folder.path)/none: cannot be read: No such file or directory; expected YAML"
      ])
  }
}
