import ArgumentParser
import Glibc

/// The options that every command has; they may stand before or after it.
struct ConnectionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The appliance's admin socket. (default: $TAGLINE_SOCKET, else \(defaultSocket))",
      valueName: "path"))
  var socket: String?

  @Flag(help: "Print the answer's result as JSON on one line.")
  var json = false

  static let defaultSocket = "/run/tagline/admin.sock"

  /// The socket's path: the option, else the environment's, else the default.
  var socketPath: String {
    if let socket { return socket }
    if let variable = unsafe getenv("TAGLINE_SOCKET") {
      let path = unsafe String(cString: variable)
      if !path.isEmpty { return path }
    }
    return ConnectionOptions.defaultSocket
  }
}
