import AdminProtocol

/// What answers the requests of the admin socket.
public protocol AdminBackend: Sendable {
  /// Does what `method` (words joined by dots, `show.services`) asks for.
  ///
  /// Called on the server's event loop, one request at a time, so that state confined to that loop
  /// needs no lock; the call holds up all other work of the loop.
  ///
  /// - Parameter params: an object, or an array; an empty object where the request has none.
  func handle(method: String, params: JSONValue) -> Result<JSONValue, AdminError>
}
