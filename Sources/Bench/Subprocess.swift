import BenchRig
import Foundation

/// A program started with its output in a pipe, killed and waited for at the latest when it is let go, or
/// ended when this process is.
final class Subprocess {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var unread = ""

  var processIdentifier: Int32 { process.processIdentifier }

  /// - Parameters:
  ///   - path: of the program; without a slash it is looked for in PATH
  ///   - folder: where it works; nil is where this process does
  init(
    _ path: String, _ arguments: [String], in folder: String? = nil, errors: FileHandle? = nil
  ) throws(BenchFailure) {
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
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    do {
      try Interruption.start {
        try process.run()
        return process.processIdentifier
      }
    } catch {
      throw BenchFailure("\(path) does not start: \(error.localizedDescription)", code: 2)
    }
  }

  deinit {
    if process.isRunning {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    Interruption.forget(program: process.processIdentifier)
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
    Interruption.forget(program: process.processIdentifier)
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
