import BenchRig
import Foundation

/// A program started with its output in a pipe, killed and waited for at the latest when it is let go.
final class Subprocess {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var unread = ""

  var processIdentifier: Int32 { process.processIdentifier }

  /// - Parameter path: of the program; without a slash it is looked for in PATH
  init(_ path: String, _ arguments: [String], errors: FileHandle? = nil) throws(BenchError) {
    if path.contains("/") {
      process.executableURL = URL(fileURLWithPath: path)
      process.arguments = arguments
    } else {
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = [path] + arguments
    }
    process.standardInput = input
    process.standardOutput = output
    if let errors { process.standardError = errors }
    do {
      try process.run()
    } catch {
      throw BenchError("\(path) does not start: \(error.localizedDescription)", code: 2)
    }
  }

  deinit {
    if process.isRunning {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
  }

  func send(_ line: String) { input.fileHandleForWriting.write(Data((line + "\n").utf8)) }

  /// Reads on until a text has come, and returns all up to it; nil if the output ends before.
  func read(until end: String) -> String? {
    while true {
      if let range = unread.range(of: end) {
        defer { unread = String(unread[range.upperBound...]) }
        return String(unread[..<range.upperBound])
      }
      let data = output.fileHandleForReading.availableData
      if data.isEmpty { return nil }
      unread += String(decoding: data, as: UTF8.self)
    }
  }

  /// Reads the rest and waits for the end.
  func finish() -> (output: String, status: Int32) {
    try? input.fileHandleForWriting.close()
    let rest = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let text = unread + String(decoding: rest, as: UTF8.self)
    return (text, process.terminationReason == .exit ? process.terminationStatus : -1)
  }

  /// A program's output; nil if it fails or is not there.
  static func output(of path: String, _ arguments: [String]) -> String? {
    guard let program = try? Subprocess(path, arguments, errors: .nullDevice) else { return nil }
    let (output, status) = program.finish()
    return status == 0 ? output.trimmingCharacters(in: .whitespacesAndNewlines) : nil
  }
}
