import AdminProtocol
import ArgumentParser
import Glibc
import Program

/// A command that is one request: what to send, and how to print what comes back.
protocol AdminCommand: ParsableCommand {
  var connection: ConnectionOptions { get }

  /// Words joined by dots.
  var method: String { get }

  var parameters: JSONValue { get }

  /// Sends the request, and waits for its result.
  func answer() throws -> JSONValue

  /// The result for people; ends with a line end.
  func report(_ result: JSONValue) -> String
}

extension AdminCommand {
  var parameters: JSONValue { [:] }

  func answer() throws -> JSONValue {
    try AdminClient(path: connection.socketPath).call(method, parameters)
  }

  func run() throws {
    let result = try answer()
    let text = connection.json ? result.encodedText + "\n" : report(result)
    guard StandardStream.output.write(text) else {
      throw ControlFailure.refused(
        "the output cannot be written: \(unsafe String(cString: strerror(errno)))")
    }
  }
}
